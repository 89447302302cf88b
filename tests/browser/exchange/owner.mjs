// What owners do again and again: find their way on a page, log in, give access, open the page of a challenge.
import { none } from '../checks.mjs';
import { PATIENCE } from '../site.mjs';
import { look, tab, visitor } from './screens.mjs';
import { PASSWORD, base, forget, totp } from './server.mjs';

// More than the withdrawals of all checks.
export const MUCH = [{
    type: 'x428_withdrawal', actions: ['create'], assets: [{ asset: 'ETH', networks: ['ethereum'] }],
    limits: [{ amount: '100000', currency: 'USD', period: 'day' }],
}];

export const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
export const titled = (page, title) => page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
export const heading = page => page.getByRole('heading', { level: 1 }).textContent();
export const alert = (page, words) => page.getByRole('alert').filter({ hasText: words }).waitFor();
// The part of the hosted page that belongs to a method.
export const method = (page, name) => page.locator('details').filter({ has: page.locator('summary', { hasText: name }) });
// A code in a message.
export const six = text => text.match(/\b\d{6}\b/)[0];
export const newest = page => page.locator('article').first().textContent();

const wrong = [];

// Looks at a page as it stands.
export const see = async (page, name) => { wrong.push(...await look(page, name)); };

// Nothing that was seen since the last time was wrong.
export async function finished(page) {
    none([...wrong.splice(0), ...page.complaints.splice(0)], 'complaints');
}

// Logs in with both factors.
async function enter(page, login) {
    await page.getByLabel('Name').fill(login);
    await page.getByLabel('Password').fill(PASSWORD);
    await press(page, 'Log in');
    await titled(page, 'Enter your code');
    if (login !== 'ana') return byMail(page);
    forget();
    await page.getByLabel('Code').fill(totp());
    await press(page, 'Continue');
}

// The second factor, by e-mail.
export async function byMail(page) {
    const messages = await tab(page);
    await messages.goto(`${base}/outbox`);
    await page.getByLabel('Code').fill(six(await newest(messages)));
    await messages.close();
    await press(page, 'Continue');
}

// A browser in which somebody is logged in with both factors.
export async function known(login, options) {
    const page = await visitor(options);
    await page.goto(`${base}/passkeys`);
    await enter(page, login);
    await titled(page, 'Security');
    return page;
}

// Gives the wallet access, as the owner of this browser.
export async function allow(page, wallet) {
    await page.goto(wallet.authorization(MUCH));
    await titled(page, 'Give access?');
    await press(page, 'Allow');
    await titled(page, 'Back in the wallet');
    await wallet.redeem();
    forget();
}

// Loads the page again until it shows something that has to happen.
export async function reloaded(page, what) {
    for (const end = Date.now() + PATIENCE; !await what.isVisible() && Date.now() < end;) await page.reload();
    await what.waitFor();
}

// Shows the page of a challenge, and the form of a method.
export async function open(page, challenge, name) {
    await page.goto(base + challenge.page);
    await titled(page, 'Approve this withdrawal?');
    if (name) {
        const details = method(page, name);
        if (!await details.evaluate(element => element.open)) await details.locator('summary').click();
        return details;
    }
}
