// Renews the picture of the book in the README: `tests/browser/run screenshot.mjs`, after a build.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openBrowser, root, serveBook } from './site.mjs';

const LARGEST = 200_000;
const target = process.env.X428_SCREENSHOT ?? join(root, 'book', 'screenshot.png');
const site = await serveBook();
const browser = await openBrowser();
const page = await browser.newPage({ viewport: { width: 1400, height: 780 }, colorScheme: 'light' });
await page.goto(site.base + 'attestation/05-data-model.html');
const figure = page.locator('figure[data-signed-by]').first();
await figure.getByRole('button', { name: 'Verify in your browser' }).click();
await figure.locator('output.verified').waitFor();
await page.evaluate(() => {
    const figure = document.querySelector('figure[data-signed-by]');
    window.scrollTo(0, window.scrollY + figure.getBoundingClientRect().top - 290);
});
await page.mouse.move(2, 778);
await page.screenshot({ path: target });
await browser.close();
site.close();
const { size } = await stat(target);
console.log(`${target}: ${Math.ceil(size / 1000)} kB`);
process.exit(size > LARGEST ? 1 : 0);
