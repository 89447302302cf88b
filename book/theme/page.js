// The contents of the page beside it, and the definitions of terms. The text needs neither.
(function onThisPage() {
    'use strict';
    const aside = document.getElementById('on-this-page');
    const headings = Array.from(document.querySelectorAll('main > h2[id], main > h3[id]'));
    if (!aside || headings.length < 3 || headings.length > 80) {
        return;
    }
    const list = document.createElement('ul');
    const links = new Map();
    for (const heading of headings) {
        const link = document.createElement('a');
        link.href = '#' + heading.id;
        link.textContent = heading.textContent;
        const item = document.createElement('li');
        item.className = heading.tagName === 'H3' ? 'deeper' : '';
        item.append(link);
        list.append(item);
        links.set(heading, link);
    }
    const title = document.createElement('p');
    title.textContent = 'On this page';
    aside.append(title, list);
    aside.hidden = false;

    let current = null;
    function mark() {
        const passed = headings.filter(heading => heading.getBoundingClientRect().top < 140);
        const link = links.get(passed.at(-1) ?? headings[0]);
        if (link !== current) {
            current?.removeAttribute('aria-current');
            link.setAttribute('aria-current', 'location');
            if (aside.scrollHeight > aside.clientHeight) {
                aside.scrollTop = link.offsetTop - aside.clientHeight / 2;
            }
            current = link;
        }
    }
    document.addEventListener('scroll', mark, { passive: true });
    mark();
})();

(function definitions() {
    'use strict';
    let card = null;
    function hide() {
        card?.remove();
        card = null;
    }
    function show(event) {
        hide();
        const term = event.currentTarget;
        card = document.createElement('div');
        card.className = 'term-card';
        card.setAttribute('role', 'tooltip');
        card.textContent = term.dataset.definition;
        document.body.append(card);
        const place = term.getBoundingClientRect();
        const left = Math.min(place.left, document.documentElement.clientWidth - card.offsetWidth - 12);
        card.style.left = Math.max(12, left) + window.scrollX + 'px';
        card.style.top = place.bottom + window.scrollY + 6 + 'px';
    }
    for (const term of document.querySelectorAll('main a[href*="glossary.html#"][title]')) {
        // The browser's own tooltip would cover ours, and no keyboard reaches it.
        term.dataset.definition = term.title;
        term.removeAttribute('title');
        term.addEventListener('mouseenter', show);
        term.addEventListener('focus', show);
        term.addEventListener('mouseleave', hide);
        term.addEventListener('blur', hide);
    }
    document.addEventListener('keydown', event => {
        if (event.key === 'Escape') {
            hide();
        }
    });
})();

(function unfoldForPrint() {
    'use strict';
    const folded = () => document.querySelectorAll('main details:not([open])');
    window.addEventListener('beforeprint', () => folded().forEach(details => {
        details.open = true;
        details.dataset.unfolded = '';
    }));
    window.addEventListener('afterprint', () => document.querySelectorAll('details[data-unfolded]').forEach(details => {
        details.open = false;
        delete details.dataset.unfolded;
    }));
})();
