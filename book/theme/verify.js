// Verifies the signed examples in the reader's browser: RFC 8785 bytes, did:key and Ed25519 by
// WebCrypto. Nothing here is shared with the Rust implementation; that is the point.
(function verifySignedExamples() {
    'use strict';

    const encoder = new TextEncoder();

    // RFC 8785, section 3: JSON.stringify already writes strings and numbers as ECMAScript does.
    function canonical(value) {
        if (value === null || typeof value === 'boolean') {
            return String(value);
        }
        if (typeof value === 'number') {
            if (!Number.isFinite(value)) {
                throw new Error('a number is out of range');
            }
            return JSON.stringify(value);
        }
        if (typeof value === 'string') {
            if (!value.isWellFormed?.() && /\p{Surrogate}/u.test(value)) {
                throw new Error('a string holds half of a character');
            }
            return JSON.stringify(value);
        }
        if (Array.isArray(value)) {
            return '[' + value.map(canonical).join(',') + ']';
        }
        // The default order of sort() is that of UTF-16 code units, which section 3.2.3 asks for.
        const members = Object.keys(value).sort().map(name => JSON.stringify(name) + ':' + canonical(value[name]));
        return '{' + members.join(',') + '}';
    }

    function fromBase64url(text) {
        if (typeof text !== 'string' || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
            throw new Error('this is not unpadded base64url');
        }
        const bytes = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
        const decoded = Uint8Array.from(bytes, c => c.charCodeAt(0));
        if (toBase64url(decoded) !== text) {
            throw new Error('this is not unpadded base64url');
        }
        return decoded;
    }

    function toBase64url(bytes) {
        return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
    }

    const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

    function fromBase58(text) {
        let number = 0n;
        for (const letter of text) {
            const digit = ALPHABET.indexOf(letter);
            if (digit < 0) {
                throw new Error('the DID is not base58');
            }
            number = number * 58n + BigInt(digit);
        }
        const bytes = [];
        for (; number > 0n; number >>= 8n) {
            bytes.unshift(Number(number & 255n));
        }
        for (const letter of text) {
            if (letter !== '1') {
                break;
            }
            bytes.unshift(0);
        }
        return Uint8Array.from(bytes);
    }

    // The public key in a did:key: multibase base58btc, multicodec 0xed 0x01, 32 bytes.
    function keyOfDid(did) {
        const match = /^did:key:z(.+)$/.exec(did ?? '');
        if (!match) {
            return null;
        }
        const bytes = fromBase58(match[1]);
        if (bytes.length !== 34 || bytes[0] !== 0xed || bytes[1] !== 0x01) {
            throw new Error('the DID holds no Ed25519 key');
        }
        return bytes.slice(2);
    }

    async function check(text, published) {
        const document = JSON.parse(text);
        if (document === null || typeof document !== 'object' || Array.isArray(document)) {
            throw new Error('this is no JSON object');
        }
        const { signature, ...unsigned } = document;
        const signed = canonical(unsigned);
        const named = keyOfDid(document.operatorId);
        const key = published ? fromBase64url(published) : named;
        if (!key) {
            throw new Error('no key is known for this example');
        }
        const bytes = fromBase64url(signature);
        const imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
        const verified = bytes.length === 64
            && await crypto.subtle.verify({ name: 'Ed25519' }, imported, bytes, encoder.encode(signed));
        const other = named && toBase64url(named) !== toBase64url(key);
        return { verified, signed, key: toBase64url(key), other };
    }

    async function supported() {
        try {
            const zero = new Uint8Array(32);
            zero[0] = 1;
            await crypto.subtle.importKey('raw', zero, { name: 'Ed25519' }, false, ['verify']);
            return true;
        } catch (error) {
            return error.name !== 'NotSupportedError' && error.name !== 'TypeError';
        }
    }

    function element(name, properties, ...children) {
        const made = Object.assign(document.createElement(name), properties);
        made.append(...children);
        return made;
    }

    function panel(figure, number) {
        const box = element('div', { className: 'verify' });
        const button = element('button', { type: 'button', textContent: 'Verify in your browser' });
        box.append(button);
        figure.append(box);
        button.addEventListener('click', () => open(figure, box, number), { once: true });
    }

    async function open(figure, box, number) {
        box.replaceChildren();
        const result = element('output', { textContent: '…' });
        result.setAttribute('role', 'status');
        if (!await supported()) {
            result.textContent = 'This browser has no Ed25519 in WebCrypto (or the page is not served securely), '
                + 'so the signature was not checked here. The compiler of this book has checked it.';
            box.append(result);
            return;
        }
        const source = figure.querySelector('pre > code').textContent;
        const field = element('textarea', { id: 'verify-' + number, value: source, spellcheck: false });
        const label = element('label', { htmlFor: field.id, textContent: 'Change a character and see what happens:' });
        const bytes = element('code');
        const keys = element('p', { className: 'about keys' });
        const reset = element('button', { type: 'button', textContent: 'Restore the example' });

        let latest = 0;
        async function run() {
            const turn = ++latest;
            let words;
            let state;
            try {
                const { verified, signed, key, other } = await check(field.value, figure.dataset.key);
                words = verified ? 'verified' : 'not verified: the signature does not fit these bytes';
                state = verified ? 'verified' : 'failed';
                if (turn === latest) {
                    bytes.textContent = signed;
                    keys.textContent = 'Public key (base64url): ' + key
                        + (other ? '. The operatorId names another key, so a verifier refuses this payload.' : '');
                }
            } catch (error) {
                words = 'not verified: ' + error.message;
                state = 'failed';
            }
            if (turn === latest) {
                result.textContent = words;
                result.className = state;
            }
        }

        field.addEventListener('input', run);
        reset.addEventListener('click', () => {
            field.value = source;
            run();
        });
        box.append(result, label, field, reset,
            element('p', { className: 'about', textContent: 'The bytes that are signed, after RFC 8785, without the member signature:' }),
            element('pre', {}, bytes), keys);
        await run();
    }

    document.querySelectorAll('figure[data-signed-by]').forEach(panel);
})();
