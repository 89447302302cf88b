// How an owner keeps a list of the only addresses to withdraw to.
import { check, equal } from '../checks.mjs';
import { alert, allow, finished, known, newest, press, see, titled } from './owner.mjs';
import { tab } from './screens.mjs';
import { ADDRESS, Wallet, base, forget, sql } from './server.mjs';

// Its last letter has the wrong case.
const MISTYPED = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD';

export default async () => {
    await check('an owner keeps a list of destinations, in which a new address cools off', async () => {
        forget();
        const ben = await known('ben');
        const wallet = await Wallet.open();
        await allow(ben, wallet);
        const withdraws = async (status, error) => {
            const answer = await wallet.submit({ amount: '0.01' });
            equal(answer.status, status, JSON.stringify(answer.body));
            if (error) equal(answer.body.error.code, error, 'error');
        };
        await ben.goto(`${base}/passkeys`);
        await ben.getByRole('link', { name: 'Destinations' }).click();
        await titled(ben, 'Destinations');
        equal(await ben.getByRole('navigation').locator('[aria-current]').textContent(), 'Security', 'where the page belongs');
        await see(ben, 'no list of destinations');
        await press(ben, 'Begin a list');
        await ben.getByText('It is empty: nothing can be withdrawn.').waitFor();
        await see(ben, 'destinations empty');
        await withdraws(403, 'address_not_allowed');

        const focus = () => ben.locator(':focus').getAttribute('name');
        await ben.getByLabel('Network').selectOption('Base');
        await ben.getByLabel('Address', { exact: true }).fill(MISTYPED);
        await ben.keyboard.press('Enter');
        await alert(ben, 'This is no address of the network, or a character of it is wrong.');
        equal(await ben.getByLabel('Address', { exact: true }).inputValue(), MISTYPED, 'the address that was entered');
        equal(await ben.getByLabel('Network').inputValue(), 'base', 'the network that was chosen');
        equal(await focus(), 'address', 'focus after a wrong address');
        await see(ben, 'destination refused');
        await ben.getByRole('option', { name: 'Base' }).evaluate(option => { option.value = 'bass'; });
        await press(ben, 'Add the address');
        await alert(ben, 'The exchange does not know this network.');
        equal(await focus(), 'network', 'focus after a wrong network');
        await see(ben, 'network refused');

        const add = async () => {
            await ben.getByLabel('Network').selectOption('Ethereum');
            await ben.getByLabel('Address', { exact: true }).fill(` ${ADDRESS} `);
            await press(ben, 'Add the address');
        };
        await add();
        const entry = ben.getByRole('listitem').filter({ hasText: 'Ethereum' });
        await entry.filter({ hasText: 'Can be used from' }).waitFor();
        equal(await entry.locator('code').innerText(), ADDRESS, 'the whole address');
        await see(ben, 'destination cooling off');
        await withdraws(403, 'address_cooling_off');
        await add();
        await alert(ben, 'The address is on the list already.');
        equal(await entry.count(), 1, 'entries');
        sql("UPDATE owner SET data = json_set(data, '$.addresses[0].usable_from', '2026-01-01T00:00:00Z') WHERE login = 'ben'");
        await ben.goto(`${base}/destinations`);
        await entry.getByText('Can be used', { exact: true }).waitFor();
        await see(ben, 'destinations');
        await withdraws(201);

        const other = await tab(ben);
        await other.goto(`${base}/destinations`);
        await press(ben, 'Remove');
        await ben.getByText('It is empty: nothing can be withdrawn.').waitFor();
        await press(other, 'Remove');
        await alert(other, 'The address is not on the list any more.');
        equal(await other.getByLabel('Address', { exact: true }).inputValue(), '', 'the field of another form');
        await see(other, 'destination gone');
        await withdraws(403, 'address_not_allowed');
        await press(ben, 'End the list');
        await ben.getByRole('status').filter({ hasText: 'Your account may withdraw to any address again.' }).waitFor();
        await ben.getByText('Withdrawals are held until').waitFor();
        await see(ben, 'list of destinations ended');
        await withdraws(403, 'security_hold');
        await finished(other);
        await other.close();
        await ben.goto(`${base}/outbox`);
        equal((await newest(ben)).includes('may withdraw to any address again'), true, 'the notice');
        await finished(ben);
        await ben.context().close();
    });

    await check('the list needs no JavaScript', async () => {
        forget();
        const ben = await known('ben', { javaScriptEnabled: false });
        await ben.goto(`${base}/destinations`);
        await press(ben, 'Begin a list');
        await ben.getByLabel('Network').selectOption('XRP Ledger');
        await ben.getByLabel('Address', { exact: true }).fill('rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh');
        await press(ben, 'Add the address');
        await ben.getByRole('listitem').filter({ hasText: 'XRP Ledger' }).waitFor();
        await press(ben, 'Remove');
        await ben.getByText('It is empty: nothing can be withdrawn.').waitFor();
        await press(ben, 'End the list');
        await ben.getByRole('button', { name: 'Begin a list' }).waitFor();
        await finished(ben);
        await ben.context().close();
    });
};
