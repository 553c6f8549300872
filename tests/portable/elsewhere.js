// What a curve starts from, made in JavaScript by the rules in CONTRIBUTING.md, "The same curve elsewhere".
// Writes the fingerprints of test_same_everywhere.py, by their names, as JSON.
"use strict";
const crypto = require("crypto");

// ---- Words -----------------------------------------------------------------------------------------------------
const LOW = (1n << 64n) - 1n;

function philox(counter, key) {
  let [a, b, c, d] = counter, [k, l] = key;
  for (let round = 0; round < 10; round++) {
    const first = 0xd2e7470ee14c6c93n * a, second = 0xca5a826395121157n * c;
    [a, b, c, d] = [(second >> 64n) ^ b ^ k, second & LOW, (first >> 64n) ^ d ^ l, first & LOW];
    k = (k + 0x9e3779b97f4a7c15n) & LOW, l = (l + 0xbb67ae8584caa73bn) & LOW;
  }
  return [a, b, c, d];
}

class Draws {
  constructor(what, seed, ...stream) {
    const letters = [...what].map((letter, place) => BigInt(letter.charCodeAt(0)) << BigInt(8 * place));
    this.key = [BigInt(seed), letters.reduce((one, other) => one | other)];
    this.stream = [...stream, 0, 0, 0].slice(0, 3).map(BigInt);
    this.block = 0n, this.left = [];
  }
  word() {
    if (!this.left.length) this.left = philox([++this.block, ...this.stream], this.key);
    return this.left.shift();
  }
  many(count, make) { return Array.from({length: count}, () => make(this.word())); }
  uniform(count, low = 0, high = 1) {
    return this.many(count, w => low + (high - low) * (Number(w >> 11n) * 2 ** -53));
  }
  integers(below, count) {
    return this.many(count, w => ((w >> 32n) * BigInt(below)) >> 32n);
  }
  normal(count, mean = 0, deviation = 1) {
    return this.many(count, w => mean + deviation * quantile(inner(w)));
  }
  truncated(count, mean = 0, deviation = 1) {
    return this.many(count, w => mean + deviation * quantile(BELOW + (1 - 2 * BELOW) * inner(w)));
  }
  permutation(count) {
    const lowest = (1n << BigInt(count.toString(2).length)) - 1n;
    const keys = series(count, place => (this.word() & ~lowest) | BigInt(place));
    return Array.from(BigUint64Array.from(keys).sort(), key => Number(key & lowest));
  }
}

// ---- Functions -------------------------------------------------------------------------------------------------
const BELOW = 0.022750131948179207;
const inner = word => (Number(word >> 12n) + 0.5) * 2 ** -52;
const view = new DataView(new ArrayBuffer(8));
const powerOfTwo = k => (view.setBigUint64(0, BigInt(k + 1023) << 52n), view.getFloat64(0));
const polynomial = (coefficients, x) => coefficients.reduceRight((sum, one) => sum * x + one);
const factorial = n => (n < 2 ? 1 : n * factorial(n - 1));
const series = (count, term) => Array.from({length: count}, (_, n) => term(n));
const sign = n => (n % 2 ? -1 : 1);
const EXP = series(14, n => 1 / factorial(n)), LOG = series(11, n => 2 / (2 * n + 3));
const COS = series(10, n => sign(n) / factorial(2 * n)), SIN = series(10, n => sign(n) / factorial(2 * n + 1));
const LN2_HIGH = 6.93147180369123816490e-01, LN2_LOW = 1.90821492927058770002e-10;

function exp(x) {
  const k = Math.floor(x * 1.44269504088896338700 + 0.5), half = Math.floor(k / 2);
  const rest = x - k * LN2_HIGH - k * LN2_LOW;
  return polynomial(EXP, rest) * powerOfTwo(half) * powerOfTwo(k - half);
}
function log(x) {
  view.setFloat64(0, x); // no number here is so small that it has no leading bit
  let k = ((view.getUint32(0) >> 20) & 2047) - 1022, m = x / powerOfTwo(k);
  if (m < 0.70710678118654752440) m = 2 * m, k--;
  const f = m - 1, s = f / (2 + f), square = s * s, half = 0.5 * (f * f), rest = square * polynomial(LOG, square);
  return k * LN2_HIGH - (half - (s * (half + rest) + k * LN2_LOW) - f);
}
function quarters(x) {
  const turned = x - 2 * Math.floor(x / 2), quarter = Math.floor(2 * turned + 0.5);
  const rest = (turned - quarter / 2) * 3.14159265358979323846, square = rest * rest;
  return [quarter % 4, rest * polynomial(SIN, square), polynomial(COS, square)];
}
function cospi(x) {
  const [quarter, sine, cosine] = quarters(x);
  return [cosine, 0 - sine, -cosine, sine][quarter];
}
function sinpi(x) {
  const [quarter, sine, cosine] = quarters(x);
  return [sine, cosine, 0 - sine, -cosine][quarter];
}
function power(base, exponent) {
  const whole = Math.floor(exponent), rest = exp((exponent - whole) * log(base));
  let raised = 1, square = base;
  for (let left = Math.abs(whole); left; left = Math.floor(left / 2), square *= square) if (left % 2) raised *= square;
  return whole < 0 ? rest / raised : rest * raised;
}
function quantile(share) {
  const {middle, tail, farTail} = AS241, away = share - 0.5;
  const ratio = ([above, below], x) => polynomial(above, x) / polynomial(below, x);
  if (Math.abs(away) <= 0.425) return away * ratio(middle, 0.180625 - away * away);
  const root = Math.sqrt(-log(away < 0 ? share : 1 - share));
  const far = root <= 5 ? ratio(tail, root - 1.6) : ratio(farTail, root - 5);
  return away < 0 ? -far : far;
}

// ---- What a curve starts from ----------------------------------------------------------------------------------
const AS241 = JSON.parse(process.argv[2]); // tables of Wichura 1988, which need not be copied once more

function weights(draw) {
  const arrays = [];
  [[64, 64], [64, 64], [64, 10]].forEach(([inputs, outputs], layer) => {
    const drawn = draw(new Draws("weights", 0, 0, 2 * layer), inputs, outputs);
    arrays.push(Float32Array.from(drawn), new Float32Array(outputs));
  });
  return arrays;
}
const glorot = (draws, inputs, outputs) => {
  const limit = Math.sqrt(3 * (1 / ((inputs + outputs) / 2)));
  return draws.uniform(inputs * outputs, -limit, limit);
};
const he = (draws, inputs, outputs) => {
  return draws.truncated(inputs * outputs, 0, Math.sqrt(2 / inputs) / 0.87962566103423978);
};

function mix(number) {
  number = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  number = Math.imul(number ^ (number >>> 13), 0xc2b2ae35);
  return (number ^ (number >>> 16)) >>> 0;
}
function mask(seed, layer, step, rows, width, rate) {
  const row = number => mix(mix(mix(mix(seed) + layer) + step) + number);
  const drawn = (start, unit) => (mix(start + Math.imul(unit, 0x9e3779b9)) >>> 8) * 2 ** -24;
  return series(rows, row).flatMap(start => series(width, unit => (drawn(start, unit) >= Math.fround(rate) ? 1 : 0)));
}
const rates = schedule => series(880, step => Math.fround(0.1 * schedule(step / 880, step / 44)));
function wave(start, end, fraction) {
  return start + ((end - start) * (1 - cospi(Math.min(Math.max(fraction, 0), 1)))) / 2;
}
function moons(rows, noise) {
  const draws = new Draws("moons", 0), shifts = draws.normal(2 * rows), half = rows / 2;
  const points = series(rows, n => {
    const upper = n < half, along = (upper ? n : n - half) / (half - 1), wide = cospi(along), high = sinpi(along);
    const [x, y] = upper ? [wide, high] : [1 - wide, 0.5 - high];
    return [x + noise * shifts[2 * n], y + noise * shifts[2 * n + 1]];
  });
  const order = new Draws("split", 0).permutation(rows), tenth = rows / 10;
  return [order.slice(0, 8 * tenth), order.slice(8 * tenth, 9 * tenth), order.slice(9 * tenth)].flatMap(part => [
    Float32Array.from(part.flatMap(row => points[row])),
    Int32Array.from(part, row => (row < half ? 0 : 1)),
  ]);
}

// ---- Fingerprints ----------------------------------------------------------------------------------------------
function fingerprint(...arrays) {
  const digest = crypto.createHash("sha256");
  for (const array of arrays) digest.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return digest.digest("hex").slice(0, 16);
}
const example = () => new Draws("example", 0), f64 = numbers => Float64Array.from(numbers);
const grid = series(10001, n => (n - 5000) / 64);
console.log(JSON.stringify({
  "words": fingerprint(BigUint64Array.from(new Draws("order", 1, 2, 3).many(9, word => word))),
  "uniform": fingerprint(f64(example().uniform(1000, -1, 2))),
  "normal": fingerprint(f64(example().normal(100000))),
  "truncated normal": fingerprint(f64(example().truncated(1000))),
  "integers": fingerprint(BigInt64Array.from(example().integers(10, 1000))),
  "permutation": fingerprint(BigInt64Array.from(example().permutation(1000).map(BigInt))),
  "exp": fingerprint(f64(grid.map(exp))),
  "log": fingerprint(f64(grid.filter(x => x > 0).map(log))),
  "cospi": fingerprint(f64(grid.map(x => cospi(x / 7))), f64(grid.map(x => sinpi(x / 7)))),
  "power": fingerprint(f64(grid.map(x => power(0.9, x)))),
  "64-64-64-10, Glorot uniform": fingerprint(...weights(glorot)),
  "64-64-64-10, He normal": fingerprint(...weights(he)),
  "order of three epochs": fingerprint(
    ...series(3, epoch => Int32Array.from(new Draws("order", 0, epoch).permutation(1437).slice(0, 44 * 32)))),
  "mask": fingerprint(Float32Array.from(mask(3, 1, 2, 5, 7, 0.3))),
  "cosine": fingerprint(Float32Array.from(rates(fraction => (1 + cospi(fraction)) / 2))),
  "one cycle": fingerprint(Float32Array.from(rates(
    fraction => (fraction < 0.3 ? wave(0.04, 1, fraction / 0.3) : wave(1, 0, (fraction - 0.3) / (1 - 0.3)))))),
  "exponential": fingerprint(Float32Array.from(rates((_, epoch) => power(0.1, epoch / 8)))),
  "step": fingerprint(Float32Array.from(rates((_, epoch) => power(0.5, Math.floor(epoch / 5))))),
  "moons": fingerprint(...moons(1000, 0.2)),
}));
