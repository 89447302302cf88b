// What others try with the browser of an owner.
import { createServer } from 'node:http';
import { check, equal } from '../checks.mjs';
import { finished, heading, press } from './owner.mjs';
import { tab } from './screens.mjs';
import { ask, base, not } from './server.mjs';

export default async ({ ana, wallet }) => {
    await check('a form of somebody else is refused', async () => {
        const [session] = (await ana.context().cookies(base)).filter(({ name }) => name === '__Host-x428');
        for (const [rule, value] of [['httpOnly', true], ['secure', true], ['sameSite', 'Lax'], ['path', '/']]) {
            equal(session[rule], value, rule);
        }
        await ana.goto(base);
        equal(await ana.evaluate(() => document.cookie), '', 'what a script sees of the cookie');
        const token = await ana.locator('input[name=token]').first().inputValue();
        const form = (fields, headers = {}) => ask('POST', '/logout', {
            headers: { cookie: `${session.name}=${session.value}`, 'content-type': 'application/x-www-form-urlencoded', ...headers },
            body: new URLSearchParams(fields).toString(),
        });
        equal((await form({})).status, 403, 'without a token');
        equal((await form({ token: not(token) })).status, 403, 'with another token');
        equal((await form({ token }, { origin: 'https://localhost:1' })).status, 403, 'from another origin');
        equal((await form({ token }, { origin: 'null' })).status, 403, 'from no origin');

        const challenge = await wallet.challenged();
        const stranger = createServer((request, response) => {
            response.setHeader('content-type', 'text/html');
            response.end(request.url === '/frame'
                ? `<title>Frame</title><iframe src="${base}${challenge.page}"></iframe>`
                : `<title>Forged</title><form method="post" action="${base}${challenge.page}"><input name="decision" value="deny">
                   <button>Win</button></form>`);
        });
        await new Promise(ready => stranger.listen(0, '127.0.0.1', ready));
        stranger.unref();
        const page = await tab(ana);
        await page.goto(`http://127.0.0.1:${stranger.address().port}/form`);
        await press(page, 'Win');
        await page.getByRole('heading', { level: 1 }).waitFor();
        equal(await heading(page), 'Log in', 'what a foreign form leads to');
        equal(await wallet.status(challenge), 'pending', 'status after a foreign form');
        await page.goto(`http://127.0.0.1:${stranger.address().port}/frame`);
        await page.waitForFunction(() => document.readyState === 'complete');
        const framed = page.frames()[1];
        equal(framed === undefined || !(await framed.content()).includes('Approve'), true, 'shown in a frame');
        await page.close();
        await ana.goto(base);
        await finished(ana);
    });
};
