// How an owner takes back what was given: a passkey, an access, the session.
import { check, equal, none } from '../checks.mjs';
import { open, press, see, titled } from './owner.mjs';
import { tab } from './screens.mjs';
import { ask, base, forget } from './server.mjs';

export default async ({ ana, wallet }) => {
    await check('an owner removes a passkey, ends an access and logs out', async () => {
        forget();
        const challenge = await wallet.challenged();
        await ana.goto(`${base}/passkeys`);
        await press(ana, 'Remove');
        await ana.getByText('You have none yet.').waitFor();
        forget();
        const form = await open(ana, challenge, 'Passkey');
        await form.getByText('Your account has no passkey any more.').waitFor();
        equal(await wallet.status(challenge), 'pending', 'status');
        await ana.goto(base);
        const before = await ana.getByRole('button', { name: 'End the access' }).count();
        await ana.getByRole('button', { name: 'End the access' }).first().click();
        await ana.waitForFunction(before => document.querySelectorAll('form.access').length < before, before);
        equal((await wallet.api('GET', '/assets')).status, 401, 'the token of an access that has ended');
        await ana.goto(base + challenge.page);
        await titled(ana, 'Canceled');
        await see(ana, 'canceled');
        const other = await tab(ana);
        await other.goto(`${base}/passkeys`);
        const [session] = (await ana.context().cookies(base)).filter(({ name }) => name === '__Host-x428');
        await press(ana, 'Log out');
        await titled(ana, 'Log in');
        await ana.goBack();
        equal((await ana.locator('body').textContent()).includes('0.3 ETH'), false, 'what the way back shows');
        await press(other, 'Log out');
        await titled(other, 'This form has expired');
        await see(other, 'form expired');
        const old = await ask('GET', '/', { headers: { cookie: `${session.name}=${session.value}` } });
        equal(old.status, 303, 'the page of an old cookie');
        none(other.complaints, 'complaints');
        await other.close();
    });
};
