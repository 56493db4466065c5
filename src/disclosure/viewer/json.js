// JSON read strictly: no member twice, whole numbers of 64 bits only (as BigInt), nothing deeper than 12 levels, no text
// that could mislead who reads it. And the shapes that values must have: what a shape does not name is refused.

import { invalid, need, utf8 } from "./bytes.js";

const MAX_DEPTH = 12;
// Control characters, halves of pairs, line and paragraph separators, and the marks that turn the direction of writing.
const UNSHOWABLE = /[\p{Cc}\p{Cs}\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

export function parseStrict(text) {
  let at = 0;
  const bad = () => invalid("JSON that is not strict");
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? bad();
    at += found.length;
    return found;
  };
  const next = () => {
    take(SPACE);
    return text[at];
  };
  const skip = (symbol) => {
    const there = next() === symbol;
    at += there;
    return there;
  };
  const string = () => {
    const value = JSON.parse(take(STRING));
    return UNSHOWABLE.test(value) ? bad() : value;
  };
  const number = () => {
    const digits = take(NUMBER);
    const value = digits.length > 20 || digits === "-0" ? bad() : BigInt(digits);
    return value < -(1n << 63n) || value >= 1n << 64n ? bad() : value;
  };
  // What stands between two brackets, with commas between.
  const items = (end, item) => {
    at += 1;
    if (skip(end)) return;
    do item();
    while (skip(","));
    if (!skip(end)) bad();
  };
  const value = (depth) => {
    const begin = next();
    if (begin === '"') return string();
    if (begin === "-" || (begin >= "0" && begin <= "9")) return number();
    if (begin !== "{" && begin !== "[") return { true: true, false: false, null: null }[take(WORD)];
    if (depth === 0) bad();
    const array = [];
    const object = Object.create(null);
    if (begin === "[") items("]", () => array.push(value(depth - 1)));
    else {
      items("}", () => {
        const name = next() === '"' ? string() : bad();
        if (name in object || !skip(":")) bad();
        object[name] = value(depth - 1);
      });
    }
    return begin === "[" ? array : object;
  };
  const whole = value(MAX_DEPTH);
  return next() === undefined ? whole : bad();
}

export const text = (value) => (typeof value === "string" ? value : invalid("not a text"));
export const flag = (value) => (typeof value === "boolean" ? value : invalid("not true or false"));
export const whole = (min, max) => (value) => {
  return typeof value === "bigint" && value >= min && value <= max ? value : invalid("not a number in its range");
};
export const count = whole(0n, (1n << 64n) - 1n);
export const small = whole(0n, (1n << 32n) - 1n);
export const oneOf = (...words) => (value) => (words.includes(value) ? value : invalid("a word that is not known"));
export const matching = (pattern) => (value) => (pattern.test(text(value)) ? value : invalid("a text of another form"));
export const list = (shape) => (value) => (Array.isArray(value) ? value.map((item) => shape(item)) : invalid("not a list"));
export const sized = (min, max) => (value) => {
  const length = utf8(text(value)).length;
  return length >= min && length <= max && value.trim() === value ? value : invalid("a text of the wrong length");
};

// A member that may be absent; where it is there it is never null.
export function optional(shape) {
  const absent = (value) => (value === undefined ? undefined : shape(value));
  absent.optional = true;
  return absent;
}

export function record(members) {
  return (value) => {
    need(typeof value === "object" && value !== null && !Array.isArray(value), "not an object");
    for (const name of Object.keys(value)) need(Object.hasOwn(members, name), "a member that is not known");
    const read = {};
    for (const [name, shape] of Object.entries(members)) {
      need(shape.optional || name in value, "a member that is missing");
      read[name] = shape(value[name]);
    }
    return read;
  };
}
