// Serves the built book on a free port of this machine, and opens it in Chromium.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const book = process.env.X428_BOOK ?? join(root, 'book', 'html');

// In milliseconds: how long a slow machine that does much else may take for what is waited for.
export const PATIENCE = 180_000;

const TYPES = {
    '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.json': 'application/json',
    '.png': 'image/png', '.svg': 'image/svg+xml', '.yaml': 'application/yaml', '.txt': 'text/plain; charset=utf-8',
};

export function browserPath() {
    const named = process.env.CHROMIUM;
    return [named, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
        .find(path => path && existsSync(path));
}

export async function serveBook() {
    const server = createServer(async (request, response) => {
        let path = decodeURIComponent(new URL(request.url, 'http://book').pathname);
        path = normalize(path.endsWith('/') ? path + 'index.html' : path);
        try {
            const content = await readFile(join(book, path));
            response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
            response.end(content);
        } catch {
            response.writeHead(404);
            response.end();
        }
    });
    await new Promise(ready => server.listen(0, '127.0.0.1', ready));
    return { base: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

// More arguments than those of every test are those of one.
export function openBrowser(more = []) {
    return chromium.launch({
        executablePath: browserPath(),
        timeout: PATIENCE,
        args: [
            '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync', '--disable-quic', ...more,
        ],
    });
}
