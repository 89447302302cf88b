// What a reader does with the book: reads it on a desk and on a phone, in the dark, searches, follows
// links, verifies signatures. Prints a line for every check and `N passed, N failed` at the end.
import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { check, equal, finish, none, some } from './checks.mjs';
import { PATIENCE, book, openBrowser, serveBook } from './site.mjs';

if (!existsSync(join(book, 'index.html'))) {
    console.error(`no book in ${book}: run \`cargo x428 build\` first`);
    process.exit(2);
}

const files = await readdir(book, { recursive: true });
const pages = files.filter(file => file.endsWith('.html') && !['toc.html', '404.html', 'print.html'].includes(file)).sort();
const site = await serveBook();
const browser = await openBrowser();
async function open(path, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.complaints = [];
    page.on('console', message => {
        if (['error', 'warning'].includes(message.type())) {
            page.complaints.push(`${path}: ${message.text()}`);
        }
    });
    page.on('pageerror', error => page.complaints.push(`${path}: ${error.message}`));
    page.on('response', response => {
        if (response.status() >= 400) {
            page.complaints.push(`${path}: ${response.status()} for ${response.url()}`);
        }
    });
    page.on('request', request => {
        if (!request.url().startsWith(site.base) && !request.url().startsWith('data:')) {
            page.complaints.push(`${path}: asks for ${request.url()}`);
        }
    });
    await page.goto(site.base + path);
    return page;
}

// What every page offers, read once.
const found = new Map();

await check('every page opens without a word on the console and asks no other host', async () => {
    const complaints = [];
    for (const path of pages) {
        const page = await open(path);
        found.set(path, await page.evaluate(() => ({
            ids: Array.from(document.querySelectorAll('[id]'), element => element.id),
            // The contents are the same on every page; the front page stands for all.
            links: Array.from(document.querySelectorAll('a[href]'), link => link.href),
            handlers: Array.from(document.querySelectorAll('*'))
                .flatMap(element => Array.from(element.attributes, attribute => attribute.name))
                .filter(name => name.startsWith('on')),
            signed: document.querySelectorAll('figure[data-signed-by]').length,
            chips: Array.from(document.querySelectorAll('.req'), chip => chip.id),
            permalinks: Array.from(document.querySelectorAll('.req > .req-id'), link => link.getAttribute('href')),
        })));
        complaints.push(...page.complaints);
        await page.context().close();
    }
    none(complaints, 'complaints');
    return some(pages.length, 'pages');
});

await check('ids are unique and no element has an inline handler', () => {
    const wrong = [];
    for (const [path, { ids, handlers }] of found) {
        wrong.push(...ids.filter((id, index) => ids.indexOf(id) !== index).map(id => `${path}: ${id} stands twice`));
        wrong.push(...handlers.map(name => `${path}: ${name}`));
    }
    none(wrong, 'wrong attributes');
});

await check('every link within the book leads somewhere', () => {
    const broken = new Set();
    let count = 0;
    for (const [path, { links }] of found) {
        for (const link of links.filter(link => link.startsWith(site.base))) {
            count += 1;
            const url = new URL(link);
            let target = relative('/', decodeURIComponent(url.pathname));
            if (target === '' || url.pathname.endsWith('/')) {
                target = join(target, 'index.html');
            }
            if (!existsSync(join(book, target))) {
                broken.add(`${path}: ${target}`);
            } else if (url.hash.length > 1 && found.has(target)
                && !found.get(target).ids.includes(decodeURIComponent(url.hash.slice(1)))) {
                broken.add(`${path}: ${target}${url.hash}`);
            }
        }
    }
    none([...broken], 'broken links');
    return some(count, 'links');
});

await check('every signed example verifies in the browser, and no longer when it is changed', async () => {
    let count = 0;
    const wrong = [];
    for (const path of pages.filter(path => found.get(path).signed > 0)) {
        const page = await open(path);
        for (const figure of await page.locator('figure[data-signed-by]').all()) {
            count += 1;
            const name = `${path}#${await figure.getAttribute('id')}`;
            await figure.getByRole('button', { name: 'Verify in your browser' }).click();
            const output = figure.locator('output');
            await output.and(page.locator('.verified, .failed')).waitFor();
            const words = await output.textContent();
            if (words !== 'verified') {
                wrong.push(`${name}: ${words}`);
                continue;
            }
            const field = figure.locator('textarea');
            const text = await field.inputValue();
            await field.fill(text.replace('{', '{"added": true,'));
            await figure.locator('output.failed').waitFor();
            await field.fill(text.replace('{', '{ '));
            await figure.locator('output.verified').waitFor();
        }
        wrong.push(...page.complaints);
        await page.context().close();
    }
    none(wrong, 'signatures');
    return some(count, 'signed examples');
});

await check('the page canonicalizes as RFC 8785 does', async () => {
    const path = pages.find(path => found.get(path).signed > 0);
    if (!path) {
        throw new Error('no signed example');
    }
    const page = await open(path);
    const figure = page.locator('figure[data-signed-by]').first();
    await figure.getByRole('button', { name: 'Verify in your browser' }).click();
    await figure.locator('output.verified').waitFor();
    const signature = 'A'.repeat(86);
    // The examples of RFC 8785, sections 3.2.2 and 3.2.3.
    const cases = [
        ['{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001], "literals": [null, true, false]}',
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}'],
        ['{"\\u20ac": "Euro Sign", "\\r": "Carriage Return", "\\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One", "\\ud83d\\ude00": "Emoji: Grinning Face", "\\u0080": "Control", "\\u00f6": "Latin Small Letter O With Diaeresis"}',
            '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'],
    ];
    for (const [input, expected] of cases) {
        await figure.locator('textarea').fill(input.replace(/}$/, `, "signature": "${signature}"}`));
        await figure.locator('output.failed').waitFor();
        await page.waitForFunction(words => document.querySelector('.verify pre code').textContent === words, expected);
    }
    await page.context().close();
});

await check('a browser without Ed25519 says so instead of failing', async () => {
    const path = pages.find(path => found.get(path).signed > 0);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => {
        crypto.subtle.importKey = async () => {
            throw new DOMException('no such algorithm', 'NotSupportedError');
        };
    });
    await page.goto(site.base + path);
    const figure = page.locator('figure[data-signed-by]').first();
    await figure.getByRole('button', { name: 'Verify in your browser' }).click();
    await figure.locator('output').filter({ hasText: 'This browser has no Ed25519' }).waitFor();
    equal(await figure.locator('output.verified').count(), 0, 'verified outputs');
    await context.close();
});

await check('a requirement has a permalink and tells its coverage', async () => {
    let count = 0;
    for (const path of pages.filter(path => found.get(path).chips.length > 0)) {
        const { chips, permalinks } = found.get(path);
        equal(permalinks.join(), chips.map(id => `#${id}`).join(), `permalinks of ${path}`);
        count += chips.length;
        const page = await open(path);
        const chip = page.locator('.req').first();
        const id = await chip.getAttribute('id');
        await chip.locator('.req-id').click();
        equal(new URL(page.url()).hash, `#${id}`, 'address');
        await chip.locator('.req-state').hover();
        await chip.locator('.req-pop').waitFor();
        await page.context().close();
        const again = await open(`${path}#${id}`);
        await again.waitForFunction(id => {
            const { top } = document.getElementById(id).getBoundingClientRect();
            return top >= 0 && top <= 900;
        }, id);
        await again.context().close();
    }
    return some(count, 'requirements');
});

await check('search finds a requirement by its id', async () => {
    const [path, { chips }] = [...found].find(([, { chips }]) => chips.length > 0);
    const id = chips[0].slice('r-'.length);
    const page = await open('index.html');
    await page.keyboard.press('s');
    // mdBook listens to the keys.
    await page.locator('#mdbook-searchbar').fill(id.slice(0, -1));
    await page.locator('#mdbook-searchbar').press(id.at(-1));
    const hit = page.locator(`#mdbook-searchresults a[href*="${path.split('/').pop()}"]`).first();
    await hit.waitFor();
    none(page.complaints, 'complaints');
    await page.context().close();
    return id;
});

await check('the theme follows the system and can be chosen', async () => {
    for (const [colorScheme, theme, other] of [['light', 'light', 'dark'], ['dark', 'dark', 'light']]) {
        const page = await open('index.html', { colorScheme });
        const current = () => page.evaluate(() => ['light', 'dark'].filter(name => document.documentElement.classList.contains(name)).join());
        equal(await current(), theme, `theme of a ${colorScheme} system`);
        const ground = await page.evaluate(() => getComputedStyle(document.body.parentElement).backgroundColor);
        await page.getByRole('button', { name: 'Change theme' }).click();
        await page.getByRole('menuitem', { name: other, exact: false }).click();
        equal(await current(), other, 'theme after the choice');
        const after = await page.evaluate(() => getComputedStyle(document.body.parentElement).backgroundColor);
        if (ground === after) {
            throw new Error('the ground did not change');
        }
        await page.reload();
        equal(await current(), other, 'theme after a reload');
        none(page.complaints, 'complaints');
        await page.context().close();
    }
});

await check('words have enough contrast in both themes', async () => {
    const wrong = new Set();
    for (const colorScheme of ['light', 'dark']) {
        const page = await open('index.html', { colorScheme });
        for (const path of pages) {
            await page.goto(site.base + path);
            for (const bad of await page.evaluate(lowContrast)) {
                wrong.add(`${colorScheme} ${path}: ${bad}`);
            }
        }
        await page.context().close();
    }
    none([...wrong], 'below 4.5 : 1');
});

await check('nothing scrolls sideways on a phone', async () => {
    const wide = [];
    const page = await open('index.html', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    for (const path of pages) {
        await page.goto(site.base + path);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        const cut = await page.evaluate(() => Array.from(document.querySelectorAll('main > *'))
            .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map(element => `${element.tagName.toLowerCase()}.${element.className} ${element.textContent.trim().slice(0, 40)}`));
        if (overflow > 0) {
            wide.push(`${path}: ${overflow} px`);
        }
        wide.push(...cut.map(words => `${path}: ${words}`));
    }
    await page.context().close();
    none(wide, 'too wide');
    return some(pages.length, 'pages');
});

await check('the book prints', async () => {
    const page = await open('print.html');
    const words = await page.evaluate(() => document.querySelector('main').textContent.length);
    if (words < 1000) {
        throw new Error(`only ${words} characters`);
    }
    none(page.complaints, 'complaints');
    await page.context().close();
});

// Runs in the page: text whose colour is too close to the colour behind it.
function lowContrast() {
    const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
    function rgba(colour) {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return Array.from(context.getImageData(0, 0, 1, 1).data);
    }
    function luminance(colour) {
        const [red, green, blue] = rgba(colour).map(part => part / 255)
            .map(part => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    }
    function behind(element) {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (rgba(colour)[3] === 255) {
                return colour;
            }
        }
        return 'white';
    }
    const seen = new Map();
    const walker = document.createTreeWalker(document.querySelector('#mdbook-body-container'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('svg, script, style, template, noscript')) {
            continue;
        }
        const colour = getComputedStyle(element).color;
        const ground = behind(element);
        const key = `${colour} on ${ground}`;
        if (!seen.has(key)) {
            const [one, two] = [luminance(colour), luminance(ground)];
            const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
            seen.set(key, ratio < 4.5 ? `${ratio.toFixed(2)} ${key}: ${walker.currentNode.data.trim().slice(0, 30)}` : null);
        }
    }
    return Array.from(seen.values()).filter(Boolean);
}

await browser.close();
site.close();
finish();
