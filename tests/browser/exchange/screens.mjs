// What holds of every page of the exchange, on a desk and on a phone, by day and in the dark.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PATIENCE, openBrowser } from '../site.mjs';
import { TRUST, base } from './server.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const DESK = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };
const SCREENS = [['desk', DESK, 'light'], ['phone', PHONE, 'dark'], ['phone', PHONE, 'light'], ['desk', DESK, 'dark']];
// More than any page needs, its files included.
const BYTES = 30_000;
// Chromium's own note on an answer of 400 and above; a page that refuses a form has such a status.
const MEANT = /^Failed to load resource: the server responded with a status of (400|403|404|409|422|429)/;

export const browser = await openBrowser([TRUST]);
export const heaviest = { bytes: 0 };
// In milliseconds, to be told of: they are those of the machine.
export const loads = [];
const seen = new Map();
export const titles = () => [...seen.keys()];

// A browser of its own, with a page that notes what it complains of.
export async function visitor(options = {}) {
    const context = await browser.newContext({ viewport: DESK, ...options });
    const page = await context.newPage();
    watch(page);
    return page;
}

// Another tab of the same browser.
export async function tab(page) {
    const other = await page.context().newPage();
    watch(other);
    return other;
}

function watch(page) {
    page.setDefaultTimeout(PATIENCE);
    page.complaints = [];
    const complain = words => page.complaints.push(`${new URL(page.url()).pathname}: ${words}`);
    page.on('console', message => {
        if (['error', 'warning'].includes(message.type()) && !MEANT.test(message.text())) complain(message.text());
    });
    page.on('pageerror', error => complain(error.message));
    page.on('request', request => {
        const { hostname } = new URL(request.url());
        if (!['localhost', '127.0.0.1'].includes(hostname)) complain(`asks for ${request.url()}`);
    });
    page.on('response', response => {
        if (response.url().startsWith(`${base}/`)) policy(response).forEach(complain);
    });
}

// What is missing in the headers of an answer.
function policy(response) {
    const headers = response.headers();
    const wrong = [];
    const want = (name, holds) => { if (!holds(headers[name] ?? '')) wrong.push(`${response.url()}: ${name}: ${headers[name]}`); };
    if (new URL(response.url()).pathname.startsWith('/static/')) {
        want('x-content-type-options', value => value === 'nosniff');
        want('cache-control', value => value.includes('immutable'));
        return wrong;
    }
    want('cache-control', value => value === 'no-store');
    want('referrer-policy', value => ['same-origin', 'no-referrer'].includes(value));
    if (response.status() >= 300 && response.status() < 400) return wrong;
    want('x-content-type-options', value => value === 'nosniff');
    want('x-frame-options', value => value === 'DENY');
    want('content-security-policy', value => value.includes("default-src 'none'") && value.includes("frame-ancestors 'none'")
        && value.includes("base-uri 'none'") && value.includes("form-action 'self'") && !/unsafe|nonce|\*|data:/.test(value));
    return wrong;
}

// Looks at a page as it stands, and gives what is wrong with it.
export async function look(page, name) {
    const wrong = page.complaints.splice(0);
    const { width } = page.viewportSize();
    const facts = await page.evaluate(read);
    wrong.push(...facts.wrong);
    if (!/ – Example Exchange$/.test(facts.title)) wrong.push(`the title is ${facts.title}`);
    if (facts.bytes > BYTES) wrong.push(`${facts.bytes} bytes`);
    loads.push(facts.load);
    if (facts.bytes > heaviest.bytes) Object.assign(heaviest, { bytes: facts.bytes, name });
    if (seen.has(name)) return wrong;
    seen.set(name, facts.title);
    for (const [screen, viewport, colorScheme] of SCREENS) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        wrong.push(...(await page.evaluate(unfit)).map(words => `${screen}: ${words}`));
        if (process.env.X428_SCREENSHOTS && (screen === 'desk') === (colorScheme === 'light') | screen === 'phone') {
            const path = join(process.env.X428_SCREENSHOTS, `${name.replaceAll(' ', '-')}.${screen}.${colorScheme}.png`);
            await page.screenshot({ path, fullPage: true, caret: 'initial' });
        }
        if ((screen === 'desk') === (colorScheme === 'light')) {
            await page.evaluate(AXE);
            const { violations } = await page.evaluate(tags => globalThis.axe.run({ runOnly: tags }), TAGS);
            wrong.push(...violations.map(({ impact, id, nodes }) =>
                `${screen} ${colorScheme}: ${impact} ${id}: ${nodes.map(node => node.html.slice(0, 120)).join(' | ')}`));
        }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width, height: width === PHONE.width ? PHONE.height : DESK.height });
    wrong.push(...await byKeyboard(page));
    return wrong.map(words => `${name}: ${words}`);
}

// Runs in the page.
function read() {
    const wrong = [];
    if (document.documentElement.lang !== 'en') wrong.push('no language');
    if (document.querySelectorAll('h1').length !== 1) wrong.push('not one h1');
    for (const element of document.querySelectorAll('*')) {
        for (const { name } of element.attributes) {
            if (name.startsWith('on') || name === 'style') wrong.push(`${element.tagName} has ${name}`);
        }
    }
    if (document.querySelector('style, script:not([src])')) wrong.push('an inline style or script');
    for (const field of document.querySelectorAll('[aria-invalid]')) {
        const told = (field.getAttribute('aria-describedby') ?? '').split(' ').map(id => document.getElementById(id));
        if (!told.some(element => element?.getAttribute('role') === 'alert' && element.textContent)) {
            wrong.push(`nothing says what is wrong with ${field.name}`);
        }
    }
    if (document.querySelector('[aria-invalid]') && !document.activeElement.matches('[aria-invalid]')) {
        wrong.push('the focus is not on the field that is wrong');
    }
    const ids = Array.from(document.querySelectorAll('[id]'), element => element.id);
    wrong.push(...ids.filter((id, place) => ids.indexOf(id) !== place).map(id => `${id} stands twice`));
    const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const bytes = entries.reduce((sum, entry) => sum + entry.encodedBodySize, 0);
    const forms = Array.from(document.querySelectorAll('form'));
    if (!forms.every(form => form.getAttribute('method') === 'post' && form.elements.token.value)) wrong.push('a form without a token');
    const [{ duration: load }] = performance.getEntriesByType('navigation');
    return { wrong, bytes, load: Math.round(load), title: document.title };
}

// Runs in the page: what sticks out of the screen.
function unfit() {
    const width = document.documentElement.clientWidth;
    const out = Array.from(document.querySelectorAll('body *'))
        .filter(element => element.checkVisibility())
        .filter(element => element.getBoundingClientRect().right > width + 0.5 || element.getBoundingClientRect().left < -0.5)
        .map(element => `${element.tagName.toLowerCase()} sticks out: ${element.textContent.trim().slice(0, 40)}`);
    if (document.documentElement.scrollWidth > width) out.push(`the page is ${document.documentElement.scrollWidth} wide`);
    return out;
}

// Goes through the page with the Tab key: everything that can be used is reached, in the order of the page, and is seen.
async function byKeyboard(page) {
    const wrong = [];
    const wanted = await page.evaluate(() => {
        globalThis.was = document.activeElement;
        document.activeElement.blur();
        getSelection().removeAllRanges();
        const usable = 'a[href], button, input:not([type=hidden]), select, summary';
        const all = Array.from(document.querySelectorAll(usable)).filter(element => element.checkVisibility() && !element.disabled
            // What is folded away waits until it is unfolded.
            && (element.matches('summary') || !element.closest('details:not([open])')));
        all.forEach((element, place) => { element.dataset.place = place; });
        document.body.tabIndex = -1;
        document.body.focus();
        return all.length;
    });
    for (let place = 0; place < wanted; place += 1) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
            const element = document.activeElement;
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            const { top, bottom } = element.getBoundingClientRect();
            return {
                place: Number(element.dataset.place ?? -1), name: `${element.tagName} ${element.textContent.trim().slice(0, 30)}`,
                isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && bottom > 0 && top < innerHeight,
            };
        });
        if (at.place !== place) {
            wrong.push(`the Tab key leads to ${at.name}, ${at.place}, instead of ${place}`);
            break;
        }
        if (!at.isSeen) wrong.push(`the focus on ${at.name} is not seen`);
    }
    await page.evaluate(() => {
        document.body.removeAttribute('tabindex');
        globalThis.was.focus();
    });
    return wrong;
}
