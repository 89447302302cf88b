// How an owner logs in, and gives an application access or refuses it.
import { check, equal, none } from '../checks.mjs';
import { alert, allow, finished, press, see, titled } from './owner.mjs';
import { visitor } from './screens.mjs';
import { ADDRESS, PASSWORD, base, forget, not, totp } from './server.mjs';

export default async ({ ana, wallet }) => {
    await check('a person logs in, lowers a limit and gives access', async () => {
        forget();
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
        await alert(page, 'The name or the password is not right.');
        equal(await page.getByLabel('Name').inputValue(), 'ana', 'the name that was entered');
        equal((await page.title()).startsWith('Error: '), true, 'an error in the title');
        await see(page, 'log in refused');
        await page.keyboard.type(PASSWORD);
        await page.keyboard.press('Enter');
        await titled(page, 'Enter your code');
        await see(page, 'second factor');
        await page.keyboard.type(not(totp()));
        await page.keyboard.press('Enter');
        await alert(page, 'This code is not right');
        await see(page, 'second factor refused');
        await page.keyboard.type(totp());
        await page.keyboard.press('Enter');
        await titled(page, 'Give access?');
        await see(page, 'consent');
        await page.getByLabel('At most in a day, in USD').fill('10000.01');
        for (const box of await page.getByRole('group').getByRole('checkbox').all()) await box.uncheck();
        await press(page, 'Allow');
        await alert(page, 'Enter a number above 0, and not above 10000.');
        await alert(page, 'Leave at least one, or deny.');
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
};
