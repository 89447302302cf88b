// Loads the page anew when the book was built, and shows why it was not.
(function live() {
    'use strict';
    let version = null;
    const events = new EventSource('/-/events');
    events.onmessage = message => {
        const state = JSON.parse(message.data);
        if (version !== null && version !== state.version) {
            location.reload();
            return;
        }
        version = state.version;
        show(state.problems);
    };

    function element(name, text, className) {
        const made = document.createElement(name);
        made.textContent = text;
        made.className = className ?? '';
        return made;
    }

    function show(problems) {
        document.getElementById('live-problems')?.remove();
        if (problems.length === 0) {
            return;
        }
        const box = document.createElement('section');
        box.id = 'live-problems';
        box.setAttribute('role', 'alert');
        const words = problems.length === 1 ? '1 error' : problems.length + ' errors';
        box.append(element('h2', words + '. Behind this is the last good book.'));
        for (const problem of problems) {
            const item = document.createElement('article');
            const head = document.createElement('p');
            head.append(element('strong', problem.code), ' ', element('code', problem.place), ' ');
            // What is shown begins with the message.
            item.append(head, problem.shown ? element('pre', problem.shown) : element('p', problem.message));
            box.append(item);
        }
        const close = element('button', 'Hide');
        close.type = 'button';
        close.addEventListener('click', () => box.remove());
        box.append(close);
        document.body.append(box);
    }
})();
