// The passcode and the sealed data: a JWE in compact form that says on its outside from when until when it holds, so that
// one that is over is never decrypted.

import { Refused, invalid, need, utf8, fromUtf8, fromBase64url, textDigest } from "./bytes.js";
import { text, whole, oneOf, record } from "./json.js";
import { isMoment, checkClock, verifyContents, decode } from "./verify.js";

const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const [LEAST_ROUNDS, MOST_ROUNDS] = [210000n, 1000000n];
const isOutside = record({
  alg: oneOf("PBES2-HS512+A256KW"),
  enc: oneOf("A256GCM"),
  exp: isMoment,
  iat: isMoment,
  nbf: isMoment,
  p2c: whole(LEAST_ROUNDS, MOST_ROUNDS),
  p2s: (value) => fromBase64url(text(value), 16),
  typ: oneOf("finvault-disclosure+jwe"),
});

// A passcode as a person types it: any case, spaces and hyphens anywhere, O for 0, I and L for 1. Gives it as it was made, or
// undefined where it is none: the last symbol checks the others (docs/disclosure-format.md, section 3.3).
export function readPasscode(typed) {
  const symbols = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  const values = [...symbols].map((symbol) => SYMBOLS.indexOf(symbol));
  if (values.length !== 26 || values.includes(-1)) return undefined;
  const sum = values.slice(0, 25).reduce((sum, value) => {
    const doubled = (sum ^ value) << 1;
    return doubled & 32 ? doubled ^ 37 : doubled;
  }, 0);
  return sum === values[25] ? symbols.match(/.{1,5}/g).join("-") : undefined;
}

// The data in a page or in a data file; undefined where there is none.
export function findData(file) {
  if (!/^\s*<!doctype html>/i.test(file)) return file.trim().match(/^[\w-]+(\.[\w-]+){4}$/)?.[0];
  // So written that it does not find itself.
  const parts = file.split(/<script id="disclosure" type="application[/]jose">/);
  return parts.length === 2 ? findData(parts[1].split("<")[0]) : undefined;
}

export function readOutside(data) {
  const [header] = data.split(".");
  need(header.length <= 1024, "a header of the wrong form");
  return isOutside(decode(header));
}

// Decrypts and verifies. Nothing is decrypted outside the times that the outside states.
export async function openSealed(data, passcode, now) {
  const [header, wrapped, iv, ciphertext, tag, more] = data.split(".");
  need(tag && more === undefined, "not a sealed disclosure");
  const outside = readOutside(data);
  checkClock(outside, now());
  const { subtle } = crypto;
  const salt = new Uint8Array([...utf8(outside.alg), 0, ...outside.p2s]);
  const code = await subtle.importKey("raw", utf8(passcode), "PBKDF2", false, ["deriveKey"]);
  const derivation = { name: "PBKDF2", hash: "SHA-512", salt, iterations: Number(outside.p2c) };
  const wrapping = await subtle.deriveKey(derivation, code, { name: "AES-KW", length: 256 }, false, ["unwrapKey"]);
  const wrong = () => {
    throw new Refused("wrong-code", "the code does not open it");
  };
  const wrappedKey = fromBase64url(wrapped, 40);
  const key = await subtle.unwrapKey("raw", wrappedKey, wrapping, "AES-KW", "AES-GCM", false, ["decrypt"]).catch(wrong);
  const [body, end] = [fromBase64url(ciphertext), fromBase64url(tag, 16)];
  const whole = new Uint8Array(body.length + 16);
  whole.set(body);
  whole.set(end, body.length);
  const gcm = { name: "AES-GCM", iv: fromBase64url(iv, 12), additionalData: utf8(header) };
  const plain = await subtle.decrypt(gcm, key, whole).catch(() => invalid("altered since it was sealed"));
  const contents = fromUtf8(plain);
  const inside = decode(contents.split(".", 2)[1] ?? "");
  const agree = ["iat", "nbf", "exp"].every((name) => Number(inside?.[name]) === outside[name]);
  need(agree, "other times on the outside than inside");
  return verifyContents(contents, "ni:///sha-256;" + (await textDigest(passcode)), now());
}
