// What an owner does with the pages of `x428 sandbox exchange`: logs in, gives access, approves and denies withdrawals by
// every method, looks after the account; and what others try. X428_BINARY names the command.
import { check, equal, finish } from './checks.mjs';
import access from './exchange/access.mjs';
import account from './exchange/account.mjs';
import destinations from './exchange/destinations.mjs';
import forgery from './exchange/forgery.mjs';
import leaving from './exchange/leaving.mjs';
import messages from './exchange/messages.mjs';
import { known } from './exchange/owner.mjs';
import passkeys from './exchange/passkeys.mjs';
import { browser, heaviest, loads, titles } from './exchange/screens.mjs';
import { Wallet } from './exchange/server.mjs';
import security from './exchange/security.mjs';
import stepUp from './exchange/step-up.mjs';

const walk = { ana: await known('ana'), wallet: await Wallet.open() };
// The first gives the wallet the access that the last one ends.
for (const area of [access, stepUp, passkeys, messages, account, security, destinations, forgery, leaving]) await area(walk);

await check('each page has a title of its own and little weight', async () => {
    const all = titles();
    equal(all.length > 65, true, `${all.length} pages were looked at`);
    const median = loads.sort((one, other) => one - other)[Math.floor(loads.length / 2)];
    return `${all.length} pages; the heaviest, ${heaviest.name}, has ${heaviest.bytes} bytes; loaded in ${median} ms in the middle`;
});

await browser.close();
finish();
