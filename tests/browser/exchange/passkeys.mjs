// How an owner makes a passkey, and approves with it.
import { check, equal } from '../checks.mjs';
import { alert, finished, open, press, see, titled } from './owner.mjs';
import { tab } from './screens.mjs';
import { base, derivedChallenge, forget } from './server.mjs';

export default async ({ ana, wallet }) => {
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
        await alert(ana, 'The passkey was not used');
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
        await alert(ana, 'This device has a passkey for your account already.');
        await other.close();

        forget();
        const challenge = await wallet.challenged();
        const { publicKey } = challenge.methods.find(({ method: name }) => name === 'webauthn');
        equal(publicKey.challenge, derivedChallenge(challenge.challengeId), 'the challenge of WebAuthn');
        const form = await open(ana, challenge, 'Passkey');
        await verified(false);
        await form.getByRole('button', { name: 'Use a passkey' }).click();
        await alert(form, 'The passkey was not used');
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
};
