// Bytes and texts: base64url in its one canonical form, SHA-256, UTF-8, and the error that refuses a disclosure.

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// A disclosure that is not shown. `kind` is the verdict, `why` says what is wrong, for who looks closely.
export class Refused extends Error {
  constructor(kind, why, at) {
    super(why);
    this.kind = kind;
    this.at = at;
  }
}

export function invalid(why) {
  throw new Refused("invalid", why);
}

export function need(condition, why) {
  if (!condition) invalid(why);
}

export function utf8(text) {
  return new TextEncoder().encode(text);
}

export function fromUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return invalid("text that is not UTF-8");
  }
}

export function toBase64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

// Each value has exactly one text: no padding, and the unused bits of the last symbol are zero (RFC 4648, section 3.5).
export function fromBase64url(text, length) {
  const rest = text.length % 4;
  const unused = BASE64URL.indexOf(text.slice(-1)) % (rest === 2 ? 16 : rest === 3 ? 4 : 1);
  need(/^[A-Za-z0-9_-]*$/.test(text) && rest !== 1 && !unused, "text that is not canonical base64url");
  const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  need(length === undefined || bytes.length === length, "a value of the wrong length");
  return bytes;
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// SHA-256 of a text, as a slot or an `aud` has it.
export async function textDigest(text) {
  return toBase64url(await sha256(utf8(text)));
}
