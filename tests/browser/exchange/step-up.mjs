// How an owner approves and denies withdrawals on the hosted page.
import { check, equal, none } from '../checks.mjs';
import { MUCH, alert, finished, method, newest, open, press, see, six, titled } from './owner.mjs';
import { DESK, PHONE, tab, visitor } from './screens.mjs';
import { ADDRESS, PASSWORD, Wallet, base, forget, not, sql, totp } from './server.mjs';

export default async ({ ana, wallet }) => {
    await check('a withdrawal is approved without JavaScript, at a desk and on a phone', async () => {
        const cookies = await ana.context().storageState();
        for (const [screen, viewport] of [['desk', DESK], ['phone', PHONE]]) {
            forget();
            const page = await visitor({ javaScriptEnabled: false, viewport, storageState: cookies });
            const challenge = await wallet.challenged();
            await page.goto(base + challenge.page);
            for (const words of ['0.3 ETH', 'Ethereum', '0.0008 ETH at present', '0.3008 ETH', '“Example Wallet”']) {
                equal(await page.getByText(words, { exact: true }).first().isVisible(), true, `${words} on the ${screen}`);
            }
            equal(await page.locator('code.grouped').innerText(), ADDRESS, 'the whole address');
            const form = method(page, 'Authenticator app');
            equal(await form.getByRole('button', { name: 'Approve' }).isVisible(), true, 'the first method is open');
            // As apps show it.
            await form.getByLabel('Code of 6 digits').fill(totp().replace(/^.../, '$& '));
            await form.getByRole('button', { name: 'Approve' }).click();
            await titled(page, 'Approved');
            equal(await wallet.status(challenge), 'verified', 'status');
            const created = await wallet.finish(challenge);
            equal(created.address, ADDRESS, 'address');
            await page.reload();
            await titled(page, 'Approved and submitted');
            none(page.complaints, 'complaints');
            await page.context().close();
        }
    });

    await check('a withdrawal is denied, reported, taken back, or left until it is too late', async () => {
        forget();
        const denied = await wallet.challenged();
        await open(ana, denied);
        const deny = await ana.getByRole('button', { name: 'Deny', exact: true }).boundingBox();
        const approve = await method(ana, 'Authenticator app').getByRole('button', { name: 'Approve' }).boundingBox();
        equal(deny.height >= approve.height, true, 'to deny is as plain as to approve');
        await see(ana, 'step-up');
        await press(ana, 'Deny');
        await titled(ana, 'Denied');
        equal(await wallet.status(denied), 'denied', 'status');
        await see(ana, 'denied');

        const fraud = await wallet.challenged();
        await open(ana, fraud);
        await press(ana, 'Deny and report as fraud');
        await ana.getByText('It was reported as fraud.').waitFor();
        equal(sql("SELECT count(*) FROM record WHERE data LIKE '%\"event\":\"fraud\"%'")[0][0], 1, 'records of fraud');

        const back = await wallet.challenged();
        const form = await open(ana, back, 'Authenticator app');
        await form.getByLabel('Code of 6 digits').fill(totp());
        await form.getByRole('button', { name: 'Approve' }).click();
        await titled(ana, 'Approved');
        await press(ana, 'Take the approval back');
        await titled(ana, 'Too late');
        equal(await wallet.status(back), 'expired', 'status');

        const late = await wallet.challenged();
        await open(ana, late);
        const field = method(ana, 'Authenticator app').getByLabel('Code of 6 digits');
        await field.fill('123456');
        sql("UPDATE challenge SET data = json_set(data, '$.expires_at', '2026-01-01T00:00:00Z') WHERE id = ?", late.challengeId);
        await field.press('Enter');
        await titled(ana, 'Too late');
        await see(ana, 'too late');
        await ana.goto(`${base}/step-up/ch_nothing`);
        await titled(ana, 'Not found');
        await see(ana, 'not found');
        await finished(ana);
    });

    await check('wrong codes are told beside the field, until the challenge is locked; a second tab knows', async () => {
        forget();
        const challenge = await wallet.challenged();
        const other = await tab(ana);
        await open(other, challenge);
        await open(ana, challenge, 'Authenticator app');
        const bad = not(totp());
        for (const left of ['4 tries left.', '3 tries left.', '2 tries left.', '1 try left.']) {
            await ana.locator('#code-totp').fill(bad);
            await ana.keyboard.press('Enter');
            await ana.getByText(left).waitFor();
            equal(await ana.locator(':focus').getAttribute('id'), 'code-totp', 'focus');
            equal(await ana.locator('#code-totp').getAttribute('aria-describedby'), 'hint-totp problem-totp', 'description');
        }
        await see(ana, 'step-up wrong code');
        await ana.locator('#code-totp').fill('12');
        await ana.keyboard.press('Enter');
        await alert(ana, 'Enter the code as you see it');
        await ana.locator('#code-totp').fill(bad);
        await ana.keyboard.press('Enter');
        await titled(ana, 'Locked');
        await see(ana, 'locked');
        await other.locator('#code-totp').fill(totp());
        await other.keyboard.press('Enter');
        await titled(other, 'Locked');
        equal(await wallet.status(challenge), 'locked', 'status');
        await other.goto(`${base}/outbox`);
        await other.getByRole('heading', { name: 'A method was locked' }).first().waitFor();

        forget();
        const twice = await wallet.challenged();
        await open(other, twice, 'Authenticator app');
        const form = await open(ana, twice, 'Authenticator app');
        await form.getByLabel('Code of 6 digits').fill(totp());
        await form.getByRole('button', { name: 'Approve' }).click();
        await titled(ana, 'Approved');
        await press(other, 'Deny');
        await titled(other, 'Too late');
        await ana.reload();
        await titled(ana, 'Too late');
        none(other.complaints, 'complaints');
        await other.close();
        await finished(ana);
    });

    await check('who needs two methods goes from one to the next', async () => {
        forget();
        const page = await visitor();
        await page.goto(base);
        await page.getByLabel('Name').fill('ben');
        await page.getByLabel('Password').fill(PASSWORD);
        await press(page, 'Log in');
        await titled(page, 'Your account');
        await see(page, 'account of a new owner');
        await page.goto(`${base}/phone`);
        await see(page, 'phone of a new owner');
        await page.goto(`${base}/outbox`);
        await see(page, 'messages of a new owner');
        const its = await Wallet.open();
        await page.goto(its.authorization(MUCH));
        await titled(page, 'Enter your code');
        await see(page, 'second factor by e-mail');
        const messages = await tab(page);
        await messages.goto(`${base}/outbox`);
        await page.getByLabel('Code').fill(six(await newest(messages)));
        await press(page, 'Continue');
        await press(page, 'Allow');
        await its.redeem();
        const challenge = await its.challenged();
        await page.goto(base + challenge.page);
        await page.getByText('Each of the following is needed; 0 of 2 done.').waitFor();
        await press(page, 'Send a code');
        await messages.reload();
        await page.getByLabel('Code of 6 digits').fill(six(await newest(messages)));
        await press(page, 'Approve');
        await page.getByText('Each of the following is needed; 1 of 2 done.').waitFor();
        await page.getByText('E-mail: done').waitFor();
        await see(page, 'step-up one of two');
        await press(page, 'Ask my phone');
        const number = await page.locator('.number').textContent();
        await messages.goto(`${base}/phone`);
        await messages.getByLabel('Number').fill(number);
        await press(messages, 'Approve');
        await messages.getByText('Nothing waits for you.').waitFor();
        await page.getByRole('link', { name: 'I have done it' }).click();
        await titled(page, 'Approved');
        await page.goto(`${base}/step-up/${sql('SELECT id FROM challenge WHERE owner != (SELECT owner FROM challenge WHERE id = ?)', challenge.challengeId)[0][0]}`);
        await titled(page, 'Not found');
        await finished(page);
        await page.context().close();
    });
};
