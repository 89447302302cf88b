// What an owner sees of the account: the withdrawals, and the names of applications.
import { check, equal } from '../checks.mjs';
import { alert, finished, open, press, reloaded, see, titled } from './owner.mjs';
import { NEVER, base, forget, sql } from './server.mjs';

export default async ({ ana, wallet }) => {
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
        // The settlement leaves it alone.
        sql(`UPDATE withdrawal SET due_at = ${NEVER}, data = json_set(data, '$.due_at', NULL, '$.wire.status', 'broadcast',
            '$.wire.cancelable', json('false')) WHERE id = ?`, sent.id);
        await press(ana, 'Cancel the withdrawal');
        await alert(ana, 'It cannot be canceled any more. The transaction is on the network.');
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
};
