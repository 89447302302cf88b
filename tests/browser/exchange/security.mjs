// How an owner changes the password, the contact data and the authenticator app, and what follows.
import jsQR from 'jsqr';
import { check, equal } from '../checks.mjs';
import { alert, allow, byMail, finished, known, newest, press, see, titled } from './owner.mjs';
import { visitor } from './screens.mjs';
import { PASSWORD, Wallet, base, forget, fromBase32, not, totp } from './server.mjs';

const TITLE = 'Password, contact data and authenticator app';
const NEW = 'another battery, another staple';
const held = page => page.getByText('Withdrawals are held until').waitFor();
const done = async (page, what) => {
    await page.getByRole('status').filter({ hasText: what }).waitFor();
    await held(page);
};
const focus = page => page.locator(':focus').getAttribute('name');
// What a browser keeps back by itself, one that checks nothing sends.
const uncheck = form => form.evaluate(form => { form.noValidate = true; });

async function logIn(page, password) {
    await page.getByLabel('Name').fill('ben');
    await page.getByLabel('Password').fill(password);
    await press(page, 'Log in');
}

// What an app reads that is held before the screen.
async function scanned(page) {
    const picture = (await page.getByRole('img', { name: 'The secret as a QR code' }).screenshot({ caret: 'initial' })).toString('base64');
    const blank = await page.context().newPage();
    const { data, width, height } = await blank.evaluate(async picture => {
        const image = new Image();
        image.src = `data:image/png;base64,${picture}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
        canvas.drawImage(image, 0, 0);
        return { data: Array.from(canvas.getImageData(0, 0, image.width, image.height).data), width: image.width, height: image.height };
    }, picture);
    await blank.close();
    // Dark on light: not every app reads the reverse.
    return jsQR(Uint8ClampedArray.from(data), width, height, { inversionAttempts: 'dontInvert' })?.data;
}

export default async () => {
    await check('an owner changes the password; other browsers log in again, and withdrawals are held', async () => {
        forget();
        const ben = await known('ben');
        forget();
        const elsewhere = await known('ben', { javaScriptEnabled: false });
        const wallet = await Wallet.open();
        await allow(ben, wallet);
        await ben.goto(`${base}/passkeys`);
        await ben.getByRole('link', { name: 'Change password, contact data and authenticator app' }).click();
        await titled(ben, TITLE);
        equal(await ben.getByRole('navigation').locator('[aria-current]').textContent(), 'Security', 'where the page belongs');
        await see(ben, 'password and factors');

        const current = ben.getByLabel('The password now');
        const fresh = ben.getByLabel('The new password');
        const change = async (now, next) => {
            await current.fill(now);
            await fresh.fill(next);
            await ben.keyboard.press('Enter');
        };
        await change('incorrect horse', NEW);
        await alert(ben, 'The password is not right.');
        equal(await focus(ben), 'current', 'focus after a wrong password');
        await see(ben, 'password wrong');
        await change(PASSWORD, 'too short');
        equal(await fresh.evaluate(field => field.validity.tooShort), true, 'what the browser says of a short password');
        await uncheck(ben.getByRole('form', { name: 'Password' }));
        await change(PASSWORD, 'too short');
        await alert(ben, 'A new password has 12 to 256 characters.');
        equal(await focus(ben), 'new', 'focus after a short password');
        await see(ben, 'password too short');
        await change(PASSWORD, PASSWORD);
        await alert(ben, 'This is the password that you have.');
        equal((await wallet.submit({ amount: '0.01' })).status, 201, 'a withdrawal while nothing has changed');

        await change(PASSWORD, NEW);
        await done(ben, 'Your password was changed.');
        equal(await ben.getByRole('alert').count(), 0, 'complaints on the page');
        await see(ben, 'withdrawals held');
        const refused = await wallet.submit({ amount: '0.01' });
        equal(refused.body.error.code, 'security_hold', 'a withdrawal after the change');
        await ben.goto(`${base}/outbox`);
        equal((await newest(ben)).includes('Your password was changed.'), true, 'the notice');

        await elsewhere.reload();
        await titled(elsewhere, 'Log in');
        await logIn(elsewhere, PASSWORD);
        await alert(elsewhere, 'The name or the password is not right.');
        await logIn(elsewhere, NEW);
        await titled(elsewhere, 'Enter your code');
        await byMail(elsewhere);
        await titled(elsewhere, 'Security');

        equal((await wallet.api('GET', '/assets')).status, 200, 'the access so far');
        await elsewhere.goto(`${base}/security`);
        await elsewhere.getByLabel('The password now').fill(NEW);
        await elsewhere.getByLabel('The new password').fill(PASSWORD);
        await elsewhere.getByRole('form', { name: 'Password' }).getByLabel('End the access of every application').check();
        await press(elsewhere, 'Change the password');
        await done(elsewhere, 'Your password was changed.');
        equal((await wallet.api('GET', '/assets')).status, 401, 'the token of an access that has ended');
        await elsewhere.goto(base);
        await elsewhere.getByText('Nobody. An application gets access when you allow it.').waitFor();
        await held(elsewhere);
        // What is seen needs a script of the test, for which this browser has no place.
        await finished(elsewhere);
        await ben.context().addCookies(await elsewhere.context().cookies());
        await elsewhere.context().close();
        await ben.goto(base);
        await held(ben);
        await see(ben, 'account held');
        await finished(ben);
        await ben.context().close();
    });

    await check('an owner says where to be reached, and is told at the old place', async () => {
        forget();
        const ben = await known('ben');
        await ben.goto(`${base}/security`);
        await uncheck(ben.getByRole('form', { name: 'Contact data' }));
        await ben.getByLabel('E-mail address').fill('ben');
        await ben.keyboard.press('Enter');
        await alert(ben, 'This is no e-mail address.');
        equal(await ben.getByLabel('E-mail address').inputValue(), 'ben', 'what was entered');
        equal(await focus(ben), 'email', 'focus after a wrong address');
        await see(ben, 'e-mail address wrong');
        await ben.getByLabel('E-mail address').fill('ben@new.example');
        await ben.getByLabel('Number of the phone').fill('900 000 043');
        await ben.keyboard.press('Enter');
        await alert(ben, 'This is no number with its country.');
        equal(await ben.getByLabel('E-mail address').inputValue(), 'ben@new.example', 'what was entered beside it');
        equal(await focus(ben), 'phone', 'focus after a wrong number');
        await see(ben, 'number wrong');
        await ben.getByLabel('Number of the phone').fill('+351 900 000 043');
        await press(ben, 'Change the contact data');
        await done(ben, 'The e-mail address or the number of your account was changed.');
        equal(await ben.getByLabel('Number of the phone').inputValue(), '+351900000043', 'the new number');
        await press(ben, 'Change the contact data');
        await alert(ben, 'Nothing was changed: both are as they were.');
        await see(ben, 'contact data unchanged');
        await ben.goto(`${base}/phone`);
        equal((await newest(ben)).includes('was changed'), true, 'the notice to the old number');
        await finished(ben);
        await ben.context().close();
    });

    await check('an authenticator app is added by picture or by hand, used, and removed', async () => {
        forget();
        const ben = await known('ben');
        await ben.goto(`${base}/security`);
        await press(ben, 'Add an app');
        await ben.getByText('Scan this picture with the app.').waitFor();
        equal(await focus(ben), 'code', 'focus beside the picture');
        const address = await ben.getByRole('link', { name: 'open the app' }).getAttribute('href');
        for (const colorScheme of ['light', 'dark']) {
            await ben.emulateMedia({ colorScheme });
            equal(await scanned(ben), address, `the picture in the ${colorScheme}`);
        }
        const { protocol, host, pathname, searchParams } = new URL(address);
        const base32 = searchParams.get('secret');
        equal(`${protocol}//${host}${pathname}`, 'otpauth://totp/Example%20Exchange:ben', 'whose secret it is');
        equal(searchParams.get('issuer'), 'Example Exchange', 'where it is for');
        equal(await ben.locator('code.grouped').innerText(), base32, 'the secret as text');
        const secret = fromBase32(base32);
        equal(secret.length, 20, 'bytes of the secret');
        await see(ben, 'authenticator app begun');
        for (const code of [not(totp(secret)), '12']) {
            await ben.getByLabel('Code that the app shows').fill(code);
            await ben.keyboard.press('Enter');
            await alert(ben, 'This code is not right.');
            equal(await focus(ben), 'code', 'focus after a wrong code');
            equal(await scanned(ben), address, 'the picture after a wrong code');
        }
        await see(ben, 'authenticator app wrong code');
        // As apps show it.
        await ben.getByLabel('Code that the app shows').fill(totp(secret).replace(/^.../, '$& '));
        await ben.keyboard.press('Enter');
        await done(ben, 'An authenticator app was added to your account.');
        equal(await ben.getByRole('link', { name: 'open the app' }).count(), 0, 'the secret once it is taken');
        await see(ben, 'authenticator app added');

        // The code has been used up, so that the next login needs another one.
        forget();
        const elsewhere = await visitor({ javaScriptEnabled: false });
        await elsewhere.goto(`${base}/security`);
        await logIn(elsewhere, PASSWORD);
        await titled(elsewhere, 'Enter your code');
        await elsewhere.getByText('Open your authenticator app').waitFor();
        await elsewhere.getByLabel('Code').fill(totp(secret).replace(/^.../, '$& '));
        await press(elsewhere, 'Continue');
        await titled(elsewhere, TITLE);
        await press(elsewhere, 'Remove the app');
        await done(elsewhere, 'The authenticator app was removed from your account.');
        await elsewhere.getByRole('button', { name: 'Add an app' }).waitFor();
        await press(ben, 'Remove the app');
        await titled(ben, 'Log in');
        await ben.context().addCookies(await elsewhere.context().cookies());
        await ben.goto(`${base}/security`);
        await ben.getByRole('button', { name: 'Add an app' }).waitFor();
        await held(ben);
        await see(ben, 'authenticator app removed');
        await finished(elsewhere);
        await elsewhere.context().close();
        await finished(ben);
        await ben.context().close();
    });
};
