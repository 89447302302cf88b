// What an owner does with the pages of `x428 sandbox exchange`: logs in, gives access, approves and denies withdrawals by
// every method, looks after the account; and what others try. X428_BINARY names the command.
import { createServer } from 'node:http';
import { check, equal, finish, none } from './checks.mjs';
import { DESK, PHONE, browser, heaviest, loads, look, tab, titles, visitor } from './exchange/screens.mjs';
import {
    ADDRESS, PASSWORD, Wallet, ask, base, derivedChallenge, forget, not, sql, totp,
} from './exchange/server.mjs';

const wrong = [];
const see = async (page, name) => { wrong.push(...await look(page, name)); };
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const titled = (page, title) => page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
const heading = page => page.getByRole('heading', { level: 1 }).textContent();
const method = (page, name) => page.locator('details').filter({ has: page.locator('summary', { hasText: name }) });
const six = text => text.match(/\b\d{6}\b/)[0];

async function finished(page) {
    none([...wrong.splice(0), ...page.complaints.splice(0)], 'complaints');
}

async function enter(page, login) {
    await page.getByLabel('Name').fill(login);
    await page.getByLabel('Password').fill(PASSWORD);
    await press(page, 'Log in');
    await titled(page, 'Enter your code');
    if (login === 'ana') {
        forget();
        await page.getByLabel('Code').fill(totp());
    } else {
        const messages = await tab(page);
        await messages.goto(`${base}/outbox`);
        await page.getByLabel('Code').fill(six(await messages.locator('article').first().textContent()));
        await messages.close();
    }
    await press(page, 'Continue');
}

// A browser in which somebody is logged in with both factors.
async function known(login, options) {
    const page = await visitor(options);
    await page.goto(`${base}/passkeys`);
    await enter(page, login);
    await titled(page, 'Security');
    return page;
}

// Gives the wallet access, as the owner of this browser.
async function allow(page, wallet) {
    await page.goto(wallet.authorization(MUCH));
    await titled(page, 'Give access?');
    await press(page, 'Allow');
    await titled(page, 'Back in the wallet');
    await wallet.redeem();
    forget();
}

// Loads the page again until it shows something that has to happen.
async function reloaded(page, what) {
    for (const end = Date.now() + 60_000; !await what.isVisible() && Date.now() < end;) await page.reload();
    await what.waitFor();
}

// Shows the page of a challenge, and the form of a method.
async function open(page, challenge, name) {
    await page.goto(base + challenge.page);
    await titled(page, 'Approve this withdrawal?');
    if (name) {
        const details = method(page, name);
        if (!await details.evaluate(element => element.open)) await details.locator('summary').click();
        return details;
    }
}

// More than the withdrawals of all checks.
const MUCH = [{
    type: 'x428_withdrawal', actions: ['create'], assets: [{ asset: 'ETH', networks: ['ethereum'] }],
    limits: [{ amount: '100000', currency: 'USD', period: 'day' }],
}];
const wallet = await Wallet.open();

await check('a person logs in, lowers a limit and gives access', async () => {
    const page = await visitor();
    await page.goto(wallet.authorization([{
        type: 'x428_withdrawal', actions: ['create'], assets: [{ asset: 'ETH', networks: ['ethereum', 'base'] }],
        limits: [{ amount: '10000', currency: 'USD', period: 'day' }, { amount: '2.5', currency: 'ETH', period: 'transaction' }],
        destinations: [{ network: 'ethereum', address: ADDRESS },
            { network: 'base', address: '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359' }],
    }]));
    await titled(page, 'Log in');
    equal(await page.locator(':focus').getAttribute('name'), 'login', 'focus');
    await see(page, 'log in');
    await page.getByLabel('Name').fill('ana');
    await page.getByLabel('Password').fill('incorrect horse');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'The name or the password is not right.' }).waitFor();
    equal(await page.getByLabel('Name').inputValue(), 'ana', 'the name that was entered');
    equal((await page.title()).startsWith('Error: '), true, 'an error in the title');
    await see(page, 'log in refused');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await titled(page, 'Enter your code');
    await see(page, 'second factor');
    await page.keyboard.type(not(totp()));
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'This code is not right' }).waitFor();
    await see(page, 'second factor refused');
    await page.keyboard.type(totp());
    await page.keyboard.press('Enter');
    await titled(page, 'Give access?');
    await see(page, 'consent');
    await page.getByLabel('At most in a day, in USD').fill('10000.01');
    for (const box of await page.getByRole('group').getByRole('checkbox').all()) await box.uncheck();
    await press(page, 'Allow');
    await page.getByRole('alert').filter({ hasText: 'Enter a number above 0, and not above 10000.' }).waitFor();
    await page.getByRole('alert').filter({ hasText: 'Leave at least one, or deny.' }).waitFor();
    await see(page, 'consent refused');
    await page.getByLabel('At most in a day, in USD').fill('5000.50');
    await page.getByRole('group').getByRole('checkbox').first().check();
    await page.getByLabel('Show it my balances').uncheck();
    await press(page, 'Allow');
    await titled(page, 'Back in the wallet');
    equal(wallet.came.searchParams.get('state'), 'Yk3v9QmT2xLr', 'state');
    equal(wallet.came.searchParams.get('iss'), base, 'iss');
    const [detail] = (await wallet.redeem()).authorization_details;
    equal(detail.limits.map(({ amount }) => amount).join(), '5000.5,2.5', 'limits');
    equal(detail.destinations.map(({ network }) => network).join(), 'ethereum', 'destinations');
    equal((await wallet.api('GET', '/assets')).body.data[0].balance, undefined, 'balance');
    await finished(page);
    await page.context().close();
});

const ana = await known('ana');

await check('a person refuses to give access, and an application may be at an IPv6 address', async () => {
    await ana.goto(wallet.authorization());
    await press(ana, 'Deny');
    await titled(ana, 'Back in the wallet');
    equal(wallet.came.searchParams.get('error'), 'access_denied', 'error');
    await ana.goto(wallet.authorization(undefined, 'http://[::1]:9/callback'));
    const left = ana.waitForRequest(request => request.url().startsWith('http://[::1]:9/callback?error=access_denied'));
    await press(ana, 'Deny').catch(() => {});
    await left;
    // Nobody listens there, and nothing else is complained of.
    none(ana.complaints.splice(0).filter(words => !words.includes('http://[::1]:9/')), 'complaints');
    await ana.waitForURL('chrome-error://**');
    await ana.goto(`${base}/consent/cr_gone`);
    await titled(ana, 'This request is not there any more');
    await see(ana, 'request gone');
    await ana.goto(`${base}/oauth/authorize?client_id=nobody`);
    await titled(ana, 'This request cannot be shown');
    await finished(ana);
});

await allow(ana, wallet);

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
        equal(await page.locator('code.address').innerText(), ADDRESS, 'the whole address');
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

await check('a passkey is made and used by a virtual authenticator, and signs what was derived from the intent', async () => {
    const devtools = await ana.context().newCDPSession(ana);
    await devtools.send('WebAuthn.enable');
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
        options: {
            protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true,
            hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
        },
    });
    const verified = isUserVerified => devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    await ana.goto(`${base}/passkeys`);
    await see(ana, 'security without a passkey');
    await verified(false);
    await press(ana, 'Add a passkey');
    await ana.getByRole('alert').filter({ hasText: 'The passkey was not used' }).waitFor();
    equal(await ana.locator(':focus').textContent(), 'Add a passkey', 'focus after a canceled ceremony');
    await see(ana, 'passkey canceled');
    await verified(true);
    // Another tab that was opened meanwhile spoils nothing.
    const other = await tab(ana);
    await other.goto(`${base}/passkeys`);
    await ana.bringToFront();
    await ana.getByLabel('Name').fill('Laptop of Ana');
    await press(ana, 'Add a passkey');
    await ana.getByRole('listitem').filter({ hasText: 'Laptop of Ana' }).waitFor();
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
    equal(credentials.length, 1, 'credentials');
    equal(credentials[0].isResidentCredential, true, 'a resident key');
    await see(ana, 'security with a passkey');
    await press(ana, 'Add a passkey');
    await ana.getByRole('alert').filter({ hasText: 'This device has a passkey for your account already.' }).waitFor();
    await other.close();

    forget();
    const challenge = await wallet.challenged();
    const { publicKey } = challenge.methods.find(({ method: name }) => name === 'webauthn');
    equal(publicKey.challenge, derivedChallenge(challenge.challengeId), 'the challenge of WebAuthn');
    const form = await open(ana, challenge, 'Passkey');
    await verified(false);
    await form.getByRole('button', { name: 'Use a passkey' }).click();
    await form.getByRole('alert').filter({ hasText: 'The passkey was not used' }).waitFor();
    equal(await wallet.status(challenge), 'pending', 'status after a canceled ceremony');
    await see(ana, 'step-up passkey canceled');
    await verified(true);
    const sent = ana.waitForRequest(request => request.method() === 'POST');
    await form.getByRole('button', { name: 'Use a passkey' }).click();
    await titled(ana, 'Approved');
    const assertion = JSON.parse(new URLSearchParams((await sent).postData()).get('credential'));
    const client = JSON.parse(Buffer.from(assertion.response.clientDataJSON, 'base64url'));
    equal(client.challenge, derivedChallenge(challenge.challengeId), 'what was signed');
    equal(client.origin, base, 'origin');
    await see(ana, 'approved');
    await wallet.finish(challenge);
    await finished(ana);
});

await check('a code by e-mail and one by text message approve', async () => {
    for (const [name, place, screen] of [['E-mail', '/outbox', DESK], ['Text message', '/phone', PHONE]]) {
        forget();
        await ana.setViewportSize(screen);
        const challenge = await wallet.challenged();
        let form = await open(ana, challenge, name);
        await form.getByRole('button', { name: 'Send a code' }).click();
        form = method(ana, name);
        await form.getByText('A code was sent to').waitFor();
        equal(await ana.locator(':focus').getAttribute('name'), 'code', 'focus after a code was sent');
        await see(ana, `step-up ${name}`);
        await form.getByRole('button', { name: 'Send another code' }).click();
        await method(ana, name).getByRole('alert').filter({ hasText: 'It was sent a moment ago.' }).waitFor();
        await see(ana, 'step-up too soon');
        const messages = await tab(ana);
        await messages.goto(base + place);
        const message = await messages.locator('article').first().textContent();
        equal(['Example Exchange', 'Example Wallet', '0.3 ETH', ADDRESS, 'no person'].every(words => message.includes(words)), true, message);
        wrong.push(...await look(messages, place.slice(1)));
        await messages.close();
        await form.getByLabel('Code of 6 digits').fill(six(message));
        await ana.keyboard.press('Enter');
        await titled(ana, 'Approved');
        await wallet.finish(challenge);
    }
    await ana.setViewportSize(DESK);
    await finished(ana);
});

await check('the phone approves with the number of the page, and with the face', async () => {
    forget();
    const challenge = await wallet.challenged({ amount: '0.25' });
    const phone = await tab(ana);
    await phone.setViewportSize(PHONE);
    let form = await open(ana, challenge, /^The app on your phone$/);
    await form.getByRole('button', { name: 'Ask my phone' }).click();
    form = method(ana, /^The app on your phone$/);
    const number = await form.locator('.number').textContent();
    await see(ana, 'step-up push');
    await phone.goto(`${base}/phone`);
    equal(await phone.getByText('0.25 ETH', { exact: true }).isVisible(), true, 'the amount on the phone');
    equal((await phone.locator('main').textContent()).includes(`>${number}<`), false, 'the number on the phone');
    await see(phone, 'phone push');
    await phone.getByLabel('Number').fill(number === '00' ? '01' : '00');
    await press(phone, 'Approve');
    await phone.getByRole('alert').waitFor();
    await see(phone, 'phone push refused');
    await phone.getByLabel('Number').fill(number);
    await phone.keyboard.press('Enter');
    await phone.getByText('Nothing waits for you.').waitFor();
    await form.getByRole('link', { name: 'I have done it' }).click();
    await titled(ana, 'Approved');
    await wallet.finish(challenge);

    const face = await wallet.challenged({ amount: '0.26' });
    form = await open(ana, face, 'Your face');
    await form.getByRole('button', { name: 'Ask my phone' }).click();
    await see(ana, 'step-up face');
    await phone.goto(`${base}/phone`);
    await see(phone, 'phone face');
    await press(phone, 'Approve with my face');
    await phone.getByText('Nothing waits for you.').waitFor();
    equal(await wallet.status(face), 'verified', 'status');

    const unwanted = await wallet.challenged({ amount: '0.27' });
    form = await open(ana, unwanted, /^The app on your phone$/);
    await form.getByRole('button', { name: 'Ask my phone' }).click();
    await form.locator('.number').waitFor();
    await phone.goto(`${base}/phone`);
    await press(phone, 'Deny');
    await phone.getByText('Nothing waits for you.').waitFor();
    await method(ana, /^The app on your phone$/).getByRole('link', { name: 'I have done it' }).click();
    await titled(ana, 'Denied');
    none([...phone.complaints, ...wrong.splice(0)], 'complaints');
    await phone.close();
    await finished(ana);
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
    await ana.getByRole('alert').filter({ hasText: 'Enter the code as you see it' }).waitFor();
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
    await page.getByLabel('Code').fill(six(await messages.locator('article').first().textContent()));
    await press(page, 'Continue');
    await press(page, 'Allow');
    await its.redeem();
    const challenge = await its.challenged();
    await page.goto(base + challenge.page);
    await page.getByText('Each of the following is needed; 0 of 2 done.').waitFor();
    await press(page, 'Send a code');
    await messages.reload();
    await page.getByLabel('Code of 6 digits').fill(six(await messages.locator('article').first().textContent()));
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

await check('the account shows what has become of withdrawals, and stops one', async () => {
    forget();
    const small = { amount: '0.01' };
    const stalled = await wallet.created({ ...small, clientReference: 'sim:stall-rent' });
    const failed = await wallet.created({ ...small, clientReference: 'sim:fail' });
    const waiting = await wallet.challenged({ amount: '0.5' });
    await ana.goto(`${base}/activity/${stalled.id}`);
    await reloaded(ana, ana.getByRole('listitem').filter({ hasText: 'Being prepared' }));
    equal(await ana.locator('li[aria-current=step]').count(), 1, 'the current step');
    await ana.getByText('“sim:stall-rent”').waitFor();
    await see(ana, 'withdrawal under way');
    await press(ana, 'Cancel the withdrawal');
    await reloaded(ana, ana.getByRole('listitem').filter({ hasText: 'The owner canceled the withdrawal.' }));
    equal(await ana.getByRole('button', { name: 'Cancel the withdrawal' }).count(), 0, 'a button to cancel');
    await see(ana, 'withdrawal canceled');
    await ana.goto(`${base}/activity/${failed.id}`);
    await reloaded(ana, ana.getByText('No transaction could be made.'));
    await see(ana, 'withdrawal failed');
    await ana.goto(base);
    const row = amount => ana.getByRole('listitem').filter({ has: ana.getByRole('link', { name: amount, exact: true }) });
    await row('0.01 ETH').filter({ hasText: 'Canceled' }).waitFor();
    await row('0.01 ETH').filter({ hasText: 'Failed' }).waitFor();
    await reloaded(ana, row('0.25 ETH').filter({ hasText: 'Completed' }));
    await see(ana, 'account');
    await ana.getByRole('link', { name: '0.5 ETH', exact: true }).click();
    await titled(ana, 'Approve this withdrawal?');
    equal(ana.url(), base + waiting.page, 'where the approval leads');
    await ana.goto(base);
    await ana.getByRole('link', { name: '0.25 ETH', exact: true }).click();
    await ana.getByText('12 of 12').waitFor();
    await see(ana, 'withdrawal completed');
    await ana.goto(`${base}/activity/wd_nothing`);
    await titled(ana, 'Not found');
    await finished(ana);
});

await check('a withdrawal that has left is not canceled from an old page', async () => {
    const sent = await wallet.created({ amount: '0.011', clientReference: 'sim:stall' });
    await ana.goto(`${base}/activity/${sent.id}`);
    sql("UPDATE withdrawal SET data = json_set(data, '$.wire.status', 'broadcast', '$.wire.cancelable', json('false')) WHERE id = ?", sent.id);
    await press(ana, 'Cancel the withdrawal');
    await ana.getByRole('alert').filter({ hasText: 'It cannot be canceled any more. The transaction is on the network.' }).waitFor();
    await see(ana, 'withdrawal not canceled');
    await finished(ana);
});

await check('a name cannot pretend to be the exchange, and a long one fits', async () => {
    forget();
    const [[name]] = sql("SELECT json_extract(data, '$.name') FROM client WHERE id = 'example-wallet'");
    const rename = to => sql("UPDATE client SET data = json_set(data, '$.name', ?) WHERE id = 'example-wallet'", to);
    for (const [kind, to] of [
        ['long', 'Example Exchange approved this. '.repeat(4)],
        ['unbroken', 'W'.repeat(128)],
        ['right to left', '\u202eארנק של אנה\u2069\u2066 <b>Example Exchange</b>'],
    ]) {
        rename(to);
        const challenge = await wallet.challenged();
        await open(ana, challenge);
        const shown = (await ana.locator('dd bdi').last().textContent()).trim();
        equal(/[\u202a-\u202e\u2066-\u2069]/.test(shown), false, 'what turns the direction');
        equal((await ana.locator('dd').last().textContent()), `“${await ana.locator('dd bdi').last().textContent()}”`, 'quotes');
        await see(ana, `step-up ${kind}`);
        await ana.goto(wallet.authorization());
        await see(ana, `consent ${kind}`);
        await ana.goto(base);
        await see(ana, `account ${kind}`);
        await ana.goto(base + challenge.page);
        await press(ana, 'Deny');
        await see(ana, `denied ${kind}`);
    }
    rename(name);
    await finished(ana);
});

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

await check('each page has a title of its own and little weight', async () => {
    const all = titles();
    equal(all.length > 40, true, `${all.length} pages were looked at`);
    const median = loads.sort((one, other) => one - other)[Math.floor(loads.length / 2)];
    return `${all.length} pages; the heaviest, ${heaviest.name}, has ${heaviest.bytes} bytes; loaded in ${median} ms in the middle`;
});

await browser.close();
finish();
