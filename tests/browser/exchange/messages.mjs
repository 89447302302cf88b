// How an owner approves with a code that comes as a message, and in the app on the phone.
import { check, equal } from '../checks.mjs';
import { finished, method, newest, open, press, see, six, titled } from './owner.mjs';
import { DESK, PHONE, tab } from './screens.mjs';
import { ADDRESS, base, forget } from './server.mjs';

export default async ({ ana, wallet }) => {
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
            const message = await newest(messages);
            equal(['Example Exchange', 'Example Wallet', '0.3 ETH', ADDRESS, 'no person'].every(words => message.includes(words)), true, message);
            await see(messages, place.slice(1));
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
        await finished(phone);
        await phone.close();
        await finished(ana);
    });
};
