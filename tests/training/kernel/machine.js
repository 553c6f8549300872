// The kernel in a JavaScript engine, for tests: both Node and a page of a browser are given this text.
// Memory goes back and forth as base64, the way a string can be handed over everywhere.

const instances = [];

const bytesOf = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

function textOf(bytes) {
    const parts = [];
    for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
    return btoa(parts.join(""));
}

// Makes an instance with a memory of its own; returns its number and where its free memory begins.
async function start(wasm) {
    const { instance } = await WebAssembly.instantiate(bytesOf(wasm), {});
    instances.push(instance.exports);
    return [instances.length - 1, instance.exports.__heap_base.value];
}

// Writes memory, calls a function, and returns what the function gives and what the memory then holds.
function call(number, first, text, name, given) {
    const exports = instances[number], before = bytesOf(text);
    const missing = first + before.length - exports.memory.buffer.byteLength;
    if (missing > 0) exports.memory.grow(Math.ceil(missing / 65536));
    const memory = () => new Uint8Array(exports.memory.buffer, first, before.length);
    memory().set(before);
    return [exports[name](...given), textOf(memory())];
}
