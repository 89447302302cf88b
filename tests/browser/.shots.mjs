import { openBrowser, serveBook } from './site.mjs';
const site = await serveBook(); const browser = await openBrowser();
const [,, ...specs] = process.argv; // page:width:theme:out[:full][:js]
for (const s of specs) {
  const [page, width, theme, out, height, scroll] = s.split(':');
  const ctx = await browser.newContext({ viewport: { width: +width, height: +(height||1600) }, colorScheme: theme });
  const p = await ctx.newPage(); p.on('console', m => m.type()==='error' && console.log(page, m.text())); p.on('pageerror', e => console.log(page, e.message));
  await p.goto(site.base + page); if (scroll) await p.evaluate(y => window.scrollTo(0, +y), scroll); await p.waitForTimeout(150);
  console.log(page, await p.evaluate(() => [document.documentElement.scrollWidth, innerWidth, document.documentElement.scrollHeight]));
  await p.screenshot({ path: out }); await ctx.close();
}
await browser.close(); site.close();
