// Checks with a name: a line for each, and `N passed, N failed` at the end.

let passed = 0;
let failed = 0;

export async function check(name, body) {
    const started = Date.now();
    try {
        const note = await body();
        passed += 1;
        console.log(`ok    ${name}${note ? ` (${note})` : ''}, ${((Date.now() - started) / 1000).toFixed(1)} s`);
    } catch (error) {
        failed += 1;
        console.log(`FAIL  ${name}\n      ${error.message.split('\n').join('\n      ')}`);
    }
}

export function equal(actual, expected, what) {
    if (actual !== expected) {
        throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
    }
}

export function none(list, what) {
    if (list.length > 0) {
        throw new Error(`${what}:\n${list.slice(0, 20).join('\n')}${list.length > 20 ? `\n… ${list.length} in all` : ''}`);
    }
}

export function some(count, what) {
    if (count === 0) {
        throw new Error(`no ${what} in the book, so nothing was checked`);
    }
    return `${count} ${what}`;
}

export function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed === 0 ? 0 : 1);
}
