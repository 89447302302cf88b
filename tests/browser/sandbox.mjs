// What somebody does with the page of `x428 sandbox attested`: goes through the handshake, on a desk and on a phone, and
// tries to cheat. X428_BINARY names the command.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { check, equal, finish, none } from './checks.mjs';
import { PATIENCE, openBrowser } from './site.mjs';

const RESOURCES = [
    { path: '/reports/2026-q3', asks: ['that you accept the terms'], other: '/reports/2026-q2' },
    { path: '/films/1', asks: ['that you accept the terms', 'that you are at least 18 years old'], other: '/films/2' },
    { path: '/account', asks: ['who you are'], other: '/account' },
];
const SCREENS = {
    'a desk': { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
    'a phone in the dark': { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: 'dark' },
};
// Chromium's own note on any answer of 400 and above; the page means to get these.
const MEANT = 'Failed to load resource: the server responded with a status of 428 (Precondition Required)';

const sandbox = spawn(process.env.X428_BINARY, ['sandbox', 'attested', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
process.on('exit', () => sandbox.kill());
const base = await new Promise((resolve, reject) => {
    createInterface(sandbox.stdout).once('line', resolve);
    sandbox.once('error', reject);
    sandbox.once('exit', code => reject(new Error(`the sandbox ended with ${code}`)));
});
const browser = await openBrowser();

async function open(screen) {
    const context = await browser.newContext(SCREENS[screen]);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.complaints = [];
    page.on('console', message => {
        if (message.text() !== MEANT) page.complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', error => page.complaints.push(error.message));
    page.on('request', request => {
        if (!request.url().startsWith(base)) page.complaints.push(`asks for ${request.url()}`);
    });
    page.on('response', response => {
        if (![200, 428].includes(response.status())) page.complaints.push(`${response.status()} for ${response.url()}`);
    });
    await page.goto(base);
    return page;
}

// What sticks out of the screen. What scrolls within itself does not.
async function unfit(page) {
    return page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        const out = Array.from(document.querySelectorAll('body *'))
            .filter(element => element.getBoundingClientRect().right > width + 0.5 || element.getBoundingClientRect().left < -0.5)
            .map(element => `${element.tagName.toLowerCase()}: ${element.textContent.trim().slice(0, 40)}`);
        if (document.documentElement.scrollWidth > width) out.push(`the page is ${document.documentElement.scrollWidth} wide`);
        return out;
    });
}

const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const status = (page, step, words) => page.locator(`#${step} .status`).filter({ hasText: words }).waitFor();

async function handshake(page, { path, asks, other }) {
    await page.getByLabel('Resource').selectOption(path);
    equal(await page.locator('button:enabled').count(), 1, 'steps that can be taken at first');
    await press(page, 'Ask');
    await status(page, 'ask', /^428 Precondition Required$/);
    await press(page, 'Show what is asked');
    await page.getByText('This server asks that you confirm:').waitFor();
    const items = await page.locator('#consent li').allTextContents();
    equal(items.length, asks.length, 'preconditions');
    asks.forEach((words, index) => equal(items[index].startsWith(words), true, `${words} in ${items[index]}`));
    const sign = page.getByRole('button', { name: 'Sign', exact: true });
    equal(await sign.isEnabled(), false, 'signing without consent');
    const consent = page.getByLabel('I am the operator, and I consent to all of it');
    await consent.check();
    equal(await sign.isEnabled(), true, 'signing with consent');
    await sign.click();
    await page.getByText('the payload', { exact: true }).waitFor();
    await press(page, 'Submit');
    await status(page, 'submit', /^200/);
    await page.getByText('The token opens').waitFor();
    await page.getByText('X-428-Receipt, decoded').waitFor();
    await press(page, 'Ask with the token');
    await page.getByText(`GET ${other}`).waitFor();
    await status(page, 'use', /^200/);
    await press(page, 'Replay the payload');
    await status(page, 'replay', /^428 .*: nonce_replayed$/);
    await press(page, 'Change the payload');
    await status(page, 'replay', /^428 .*: invalid_signature$/);
}

for (const screen of Object.keys(SCREENS)) {
    await check(`the sandbox explains itself on ${screen}`, async () => {
        const page = await open(screen);
        equal(await page.getByRole('heading', { level: 2 }).count(), 7, 'headings');
        none(await unfit(page), 'out of the screen');
        for (const resource of RESOURCES) {
            await handshake(page, resource);
            none(await unfit(page), `out of the screen after ${resource.path}`);
            await page.evaluate(() => document.querySelectorAll('details').forEach(details => { details.open = true; }));
            none(await unfit(page), `out of the screen with everything open after ${resource.path}`);
            if (process.env.X428_SCREENSHOTS) {
                await page.screenshot({ path: `${process.env.X428_SCREENSHOTS}/${screen}${resource.path.replaceAll('/', '-')}.png`, fullPage: true });
            }
        }
        // A new beginning takes back what the old one has shown.
        await press(page, 'Ask');
        await status(page, 'ask', /^428/);
        equal(await page.locator('#consent .result *, #sign .result *, #submit .result *').count(), 0, 'old results');
        equal(await page.getByRole('button', { name: 'Submit', exact: true }).isEnabled(), false, 'submitting the old payload');
        none(page.complaints, 'complaints');
        await page.context().close();
        return `${RESOURCES.length} resources`;
    });
}

await check('consent that is taken back takes the signature back', async () => {
    const page = await open('a desk');
    await press(page, 'Ask');
    await press(page, 'Show what is asked');
    const consent = page.getByLabel('I am the operator, and I consent to all of it');
    await consent.check();
    await press(page, 'Sign');
    await page.getByText('the payload', { exact: true }).waitFor();
    await consent.uncheck();
    equal(await page.getByRole('button', { name: 'Sign', exact: true }).isEnabled(), false, 'signing');
    equal(await page.getByRole('button', { name: 'Submit', exact: true }).isEnabled(), false, 'submitting');
    none(page.complaints, 'complaints');
    await page.context().close();
});

await check('terms that were changed on their way are not signed', async () => {
    const page = await open('a desk');
    await page.route('**/terms/**', route => route.fulfill({ contentType: 'text/plain', body: 'Everything is allowed.' }));
    await press(page, 'Ask');
    await press(page, 'Show what is asked');
    await page.getByText('The document is not the one that the challenge names.').waitFor();
    equal(await page.getByRole('button', { name: 'Sign', exact: true }).isEnabled(), false, 'signing');
    await page.context().close();
});

await check('a browser without Ed25519 says so at once', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => {
        crypto.subtle.generateKey = async () => {
            throw new DOMException('no such algorithm', 'NotSupportedError');
        };
    });
    await page.goto(base);
    await page.getByRole('alert').filter({ hasText: 'This browser cannot sign with Ed25519' }).waitFor();
    await context.close();
});

await browser.close();
finish();
