// The code of the book is coloured when it is built, so that it prints and needs no script.
// mdBook's own script asks for this object.
window.hljs = { configure() {}, highlightBlock() {} };
