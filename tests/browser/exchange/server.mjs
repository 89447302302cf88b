// An exchange on a free port with the demo owners, and what a test does with it beside the browser: the wallet's requests,
// the codes of the authenticator app, and a hand in the database where a person would have to wait.
import { execFileSync, spawn } from 'node:child_process';
import { createDecipheriv, createHash, createHmac, randomUUID, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { request as send } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const PASSWORD = 'correct horse battery staple';
export const ADDRESS = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
// When nothing is due, as the exchange writes it.
export const NEVER = '9223372036854775807';
const SECRET = 'x428-sandbox-of-ana!';
const CLIENT = { client_id: 'example-wallet', client_secret: 'sandbox-secret-of-example-wallet' };
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const SCOPES = 'assets:read withdrawals:create withdrawals:read withdrawals:cancel webhooks:manage offline_access';

const directory = mkdtempSync(join(tmpdir(), 'x428-exchange-'));
const database = join(directory, 'exchange.db');
const certificate = join(directory, 'exchange.pem');
const server = spawn(process.env.X428_BINARY, [
    'sandbox', 'exchange', '--seed', '--port', '0', '--pace', '0.2', '--hold', '86400', '--database', database, '--certificate', certificate,
], { stdio: ['ignore', 'pipe', 'pipe'] });
let told = '';
server.stderr.on('data', data => { told += data; });
process.once('SIGTERM', () => process.exit(143));
process.on('exit', () => {
    server.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
});

// Where the exchange is.
export const base = await new Promise((resolve, reject) => {
    createInterface(server.stdout).once('line', resolve);
    server.once('error', reject);
    server.once('exit', code => reject(new Error(`the exchange ended with ${code}: ${told}`)));
});
const pem = readFileSync(certificate);

// What makes Chromium trust the certificate, and no other that nobody has signed.
export const TRUST = `--ignore-certificate-errors-spki-list=${createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })).digest('base64')}`;

// Sends a request without a browser.
export function ask(method, path, { headers = {}, body = '' } = {}) {
    return new Promise((resolve, reject) => {
        const request = send(new URL(path, base), { method, headers, ca: pem }, response => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', part => { text += part; });
            response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
        });
        request.on('error', reject);
        request.end(body);
    });
}

// Runs a statement on the database, beside the exchange, and gives the rows. Python brings SQLite.
export function sql(statement, ...values) {
    const program = `
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=300)
rows = database.execute(sys.argv[2], json.loads(sys.argv[3])).fetchall()
database.commit()
print(json.dumps(rows))`;
    const out = execFileSync('python3', ['-c', program, database, statement, JSON.stringify(values)], { encoding: 'utf8' });
    return JSON.parse(out);
}

// Lets the exchange forget how often something was tried or sent, which code was the last, and that something was changed
// a moment ago, for which withdrawals may be held.
export function forget() {
    sql('DELETE FROM counter');
    sql("UPDATE owner SET data = json_set(data, '$.totp_step', NULL, '$.held_until', NULL)");
}

// The code of an authenticator app, ana's if no other secret is given.
export function totp(secret = SECRET) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
    const digest = createHmac('sha1', secret).update(counter).digest();
    const at = digest[19] & 15;
    return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

// The bytes of a secret as a person copies it (RFC 4648, section 6).
export function fromBase32(text) {
    const bits = Array.from(text, digit => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0')).join('');
    return Buffer.from(bits.match(/.{8}/g).map(byte => parseInt(byte, 2)));
}

// A code that is another one.
export const not = code => (code[0] === '0' ? '1' : '0') + code.slice(1);

// The wallet: its callback, its tokens, its requests.
export class Wallet {
    static async open() {
        const wallet = new Wallet();
        wallet.server = createServer((request, response) => {
            if (request.url.startsWith('/callback?')) wallet.came = new URL(request.url, wallet.callback);
            response.setHeader('content-type', 'text/html');
            response.end('<!doctype html><html lang="en"><title>Wallet</title><h1>Back in the wallet</h1>');
        });
        await new Promise(ready => wallet.server.listen(0, '127.0.0.1', ready));
        wallet.server.unref();
        wallet.callback = `http://127.0.0.1:${wallet.server.address().port}/callback`;
        return wallet;
    }

    // The address to which it sends the owner.
    authorization(details, callback = this.callback) {
        const query = new URLSearchParams({
            response_type: 'code', client_id: CLIENT.client_id, redirect_uri: callback, scope: SCOPES,
            state: 'Yk3v9QmT2xLr', code_challenge_method: 'S256',
            code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
        });
        if (details) query.set('authorization_details', JSON.stringify(details));
        return `${base}/oauth/authorize?${query}`;
    }

    // Exchanges the code with which the browser came.
    async redeem() {
        const body = new URLSearchParams({
            ...CLIENT, grant_type: 'authorization_code', code: this.came.searchParams.get('code'),
            redirect_uri: this.callback, code_verifier: VERIFIER,
        }).toString();
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const answer = await ask('POST', '/oauth/token', { headers, body });
        if (answer.status !== 200) throw new Error(`no tokens: ${answer.text}`);
        return this.#keep(answer);
    }

    #keep({ text }) {
        this.tokens = JSON.parse(text);
        // An access token lives for a quarter of an hour, and a slow machine takes longer.
        this.renewed = Date.now() + this.tokens.expires_in * 500;
        return this.tokens;
    }

    async #renew() {
        const body = new URLSearchParams({ ...CLIENT, grant_type: 'refresh_token', refresh_token: this.tokens.refresh_token });
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const answer = await ask('POST', '/oauth/token', { headers, body: body.toString() });
        if (answer.status === 200) this.#keep(answer);
    }

    async api(method, path, body, more = {}) {
        if (Date.now() > this.renewed) await this.#renew();
        const headers = { authorization: `Bearer ${this.tokens.access_token}`, ...more };
        if (body) headers['content-type'] = 'application/json';
        const answer = await ask(method, path, { headers, body: body && JSON.stringify(body) });
        return { status: answer.status, body: JSON.parse(answer.text || 'null') };
    }

    // Submits a withdrawal.
    submit(change = {}, key = randomUUID()) {
        const body = { asset: 'ETH', network: 'ethereum', amount: '0.3', address: ADDRESS, ...change };
        return this.api('POST', '/withdrawals', body, { 'idempotency-key': key });
    }

    // Submits one that needs no approval.
    async created(change) {
        const { status, body } = await this.submit(change);
        if (status !== 201) throw new Error(`${status} instead of 201: ${JSON.stringify(body)}`);
        return body;
    }

    // Submits one that the owner has to approve.
    async challenged(change) {
        const key = randomUUID();
        const { status, body } = await this.submit(change, key);
        if (status !== 428) throw new Error(`${status} instead of 428: ${JSON.stringify(body)}`);
        return { ...body, key, change, page: `/step-up/${body.challengeId}` };
    }

    status(challenge) {
        return this.api('GET', `/challenges/${challenge.challengeId}`).then(({ body }) => body.status);
    }

    // Submits it again with the proof, once it is verified.
    async finish(challenge) {
        const { body } = await this.api('GET', `/challenges/${challenge.challengeId}`);
        const change = { ...challenge.change, challengeProof: body.challengeProof };
        const created = await this.submit(change, challenge.key);
        if (created.status !== 201) throw new Error(`${created.status}: ${JSON.stringify(created.body)}`);
        return created.body;
    }
}

// The challenge of WebAuthn that chapter 7 derives: from the intent hash and the nonce, which the exchange keeps sealed.
export function derivedChallenge(challengeId) {
    const [[text]] = sql('SELECT data FROM challenge WHERE id = ?', challengeId);
    const { intent_hash: hash, nonce } = JSON.parse(text);
    return createHash('sha256').update('x428-webauthn-v1').update(Buffer.of(0))
        .update(Buffer.from(hash, 'base64url')).update(unsealed('webauthn nonce', nonce)).digest('base64url');
}

// XChaCha20-Poly1305, as the exchange seals its records.
function unsealed(purpose, sealed) {
    const [[text]] = sql("SELECT data FROM secret WHERE id = 'records'");
    const bytes = Buffer.from(sealed, 'base64url');
    const key = hchacha20(Buffer.from(JSON.parse(text).seed, 'base64url'), bytes.subarray(0, 16));
    const nonce = Buffer.concat([Buffer.alloc(4), bytes.subarray(16, 24)]);
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    decipher.setAuthTag(bytes.subarray(-16));
    decipher.setAAD(Buffer.from(purpose), { plaintextLength: bytes.length - 40 });
    return Buffer.concat([decipher.update(bytes.subarray(24, -16)), decipher.final()]);
}

// draft-irtf-cfrg-xchacha, section 2.2.
function hchacha20(key, nonce) {
    const state = new Uint32Array(16);
    const words = Buffer.concat([Buffer.from('expand 32-byte k'), key, nonce]);
    state.forEach((_, place) => { state[place] = words.readUInt32LE(4 * place); });
    const turn = (at, by) => { state[at] = (state[at] << by) | (state[at] >>> (32 - by)); };
    const quarter = (a, b, c, d) => {
        for (const [x, y, z, by] of [[a, b, d, 16], [c, d, b, 12], [a, b, d, 8], [c, d, b, 7]]) {
            state[x] += state[y];
            state[z] ^= state[x];
            turn(z, by);
        }
    };
    for (let round = 0; round < 10; round += 1) {
        for (let at = 0; at < 4; at += 1) quarter(at, at + 4, at + 8, at + 12);
        for (let at = 0; at < 4; at += 1) quarter(at, 4 + ((at + 1) % 4), 8 + ((at + 2) % 4), 12 + ((at + 3) % 4));
    }
    const out = Buffer.alloc(32);
    [0, 1, 2, 3, 12, 13, 14, 15].forEach((place, at) => out.writeUInt32LE(state[place], 4 * at));
    return out;
}
