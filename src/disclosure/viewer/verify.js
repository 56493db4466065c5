// A token and what travels beside it, verified as docs/disclosure-format.md says: everything in it is known, signed, in its
// place and for this reader, or nothing of it is shown.

import { Refused, invalid, need, utf8, fromUtf8, toBase64url, fromBase64url, sha256, toHex, textDigest } from "./bytes.js";
import { parseStrict, text, flag, whole, oneOf, matching, list, sized, optional, record } from "./json.js";
import { isDay } from "./money.js";
import { isDigest, readFact, isRow, checkRows } from "./facts.js";

const MAX_TOKEN = 16 * 1024 * 1024;
const MAX_DISCLOSURES = 50000;
const MAX_ENCLOSURES = 64;
const MAX_JWT = 64 * 1024;
const SKEW_S = 60;
const YEAR_S = 365 * 86400;
// The moments that calendars of the format know, in seconds since 1970.
const MOMENTS = [-377705023201n, 253402207200n];
const THUMBPRINT = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:";
// Ed25519: the field's prime, the group's order, and the y of the eight points of small order (RFC 8032, section 5.1).
const PRIME = (1n << 255n) - 19n;
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
const EIGHTH_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
const SMALL_Y = [0n, 1n, PRIME - 1n, EIGHTH_Y, PRIME - EIGHTH_Y];

function littleEndian(bytes) {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

// A point in its one encoding, and not one of those under which almost anything verifies.
function isGoodPoint(bytes) {
  const y = littleEndian(bytes) & ((1n << 255n) - 1n);
  return y < PRIME && !SMALL_Y.includes(y);
}

const isJwk = record({ crv: oneOf("Ed25519"), kty: oneOf("OKP"), x: text });
const isHeader = record({ alg: oneOf("EdDSA", "Ed25519"), jwk: isJwk, kid: text, typ: text });
const isBindingHeader = record({ alg: oneOf("EdDSA", "Ed25519"), typ: oneOf("kb+jwt") });
const isSlot = record({ "...": text });
export const isMoment = (value) => Number(whole(...MOMENTS)(value));

const isPayload = record({
  iss: text,
  aud: text,
  jti: text,
  iat: isMoment,
  nbf: isMoment,
  exp: isMoment,
  vct: oneOf("finvault.disclosure.1"),
  purpose: record({ code: matching(/^[a-z0-9-]{1,64}$/), text: sized(1, 500) }),
  terms: record({
    retain_until: isDay,
    onward_sharing: oneOf("prohibited", "with-consent", "permitted"),
    intent_to_retain: flag,
  }),
  ledger_root: (value) => fromBase64url(text(value), 32),
  status: optional(record({ status_list: record({ idx: whole(0n, 1048575n), uri: text }) })),
  cnf: optional(record({ jwk: isJwk })),
  facts: list(isSlot),
  _sd_alg: oneOf("sha-256"),
});
const isBinding = record({ iat: isMoment, aud: text, nonce: text, sd_hash: text });
const isEndorsement = record({
  iss: text,
  disclosure_sha256: isDigest,
  jti: text,
  facts: list(text),
  role: sized(1, 64),
  note: optional(sized(1, 500)),
  iat: isMoment,
});

export function decode(encoded) {
  return parseStrict(fromUtf8(fromBase64url(encoded)));
}

// A public key as a JWK: its bytes, its fingerprint, and the key to verify with.
async function readKey(jwk) {
  const bytes = fromBase64url(jwk.x, 32);
  need(isGoodPoint(bytes), "a key that is none, or that anybody could sign for");
  const print = await sha256(utf8(`{"crv":"Ed25519","kty":"OKP","x":"${jwk.x}"}`));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "Ed25519" }, false, ["verify"]);
  return { print, kid: toBase64url(print), key };
}

async function checkSignature(jwt, key) {
  const at = jwt.lastIndexOf(".");
  const signature = fromBase64url(jwt.slice(at + 1), 64);
  // The one encoding of each signature: browsers differ in what else they let pass.
  const strict = isGoodPoint(signature.slice(0, 32)) && littleEndian(signature.slice(32)) < ORDER;
  need(strict && (await crypto.subtle.verify("Ed25519", key, signature, utf8(jwt.slice(0, at)))), "the signature does not match");
}

function threeParts(jwt) {
  const parts = jwt.split(".");
  need(parts.length === 3, "not header, payload and signature");
  return parts;
}

// A JWT under the key that its header carries; whose key it is, is another question.
async function verifyJwt(jwt, typ) {
  const [head, payload] = threeParts(jwt);
  const header = isHeader(decode(head));
  need(header.typ === typ, "another type of token");
  const signer = await readKey(header.jwk);
  need(header.kid === signer.kid, "a key id that is not the key's fingerprint");
  await checkSignature(jwt, signer.key);
  return [decode(payload), signer];
}

function checkAudience(aud) {
  need(aud.startsWith("ni:///sha-256;"), "an audience that is none");
  fromBase64url(aud.slice(14), 32);
}

// The disclosures behind the signature, by digest, until something refers to them.
async function readDisclosures(encoded) {
  need(encoded.length <= MAX_DISCLOSURES, "too many disclosures");
  const values = new Map();
  const digests = await Promise.all(encoded.map(textDigest));
  encoded.forEach((part, at) => {
    const value = decode(part);
    need(Array.isArray(value) && value.length === 2, "a disclosure that is not a salt and a value");
    need(fromBase64url(text(value[0])).length >= 16, "a salt of less than 128 bits");
    need(!values.has(digests[at]), "a disclosure that is there twice");
    values.set(digests[at], value[1]);
  });
  return values;
}

function readFacts(slots, values) {
  const referred = new Set();
  const take = (slot) => {
    const digest = slot["..."];
    fromBase64url(digest, 32);
    need(!referred.has(digest), "a digest that is there twice");
    referred.add(digest);
    const value = values.get(digest);
    values.delete(digest);
    return value;
  };
  need(slots.length, "no facts");
  const facts = [];
  const places = new Map();
  for (const slot of slots) {
    const value = take(slot);
    places.set(slot["..."], value === undefined ? undefined : facts.length);
    if (value === undefined) continue;
    const fact = readFact(value);
    if (fact.kind === "transactions") {
      const rows = fact.Transaction.map(take);
      fact.withheld = rows.filter((row) => row === undefined).length;
      fact.Transaction = rows.filter((row) => row !== undefined).map(isRow);
      checkRows(fact);
    }
    facts.push(fact);
  }
  need(!values.size, "a disclosure that nothing refers to");
  return { facts, places };
}

// Who passed the copy on, from what stands behind the last tilde.
async function readBinding(token, bound, holder) {
  need(holder, "a key-binding part, though the token names no holder");
  const [head, payload] = threeParts(bound);
  isBindingHeader(decode(head));
  await checkSignature(bound, holder.key);
  const { iat, aud, nonce, sd_hash } = isBinding(decode(payload));
  need(sd_hash === (await textDigest(token.slice(0, -bound.length))), "a key binding of another copy");
  const length = utf8(nonce).length;
  need(length >= 1 && length <= 200, "a nonce of the wrong form");
  checkAudience(aud);
  return { at: iat, aud, nonce, holder };
}

export function checkClock({ iat, nbf, exp }, now) {
  if (now < iat - SKEW_S) throw new Refused("clock-suspect", "made in the future", iat);
  if (now < nbf - SKEW_S) throw new Refused("not-yet-valid", "not valid yet", nbf);
  if (now >= exp) throw new Refused("expired", "expired", exp);
}

// Verifies a token for the reader that `audience` names, at `now` in seconds since 1970.
export async function verifyToken(token, audience, now) {
  need(utf8(token).length <= MAX_TOKEN, "too large");
  const parts = token.split("~");
  const jwt = parts.shift();
  const bound = parts.pop();
  need(bound !== undefined, "no tilde after the signature");
  const [value, signer] = await verifyJwt(jwt, "finvault-disclosure+sd-jwt");
  const claims = isPayload(value);
  need(claims.iss === THUMBPRINT + signer.kid, "an issuer that is not the key's fingerprint");
  fromBase64url(claims.jti, 16);
  checkAudience(claims.aud);
  const { iat, nbf, exp, status } = claims;
  need(iat <= nbf && nbf < exp && exp - iat <= YEAR_S, "times in the wrong order, or a life of more than 365 days");
  if (status) {
    const prefix = "urn:finvault:status:";
    need(status.status_list.uri.startsWith(prefix), "a status list whose name is not one of ours");
    fromBase64url(status.status_list.uri.slice(prefix.length), 16);
  }
  const { facts, places } = readFacts(claims.facts, await readDisclosures(parts));
  need(!claims.cnf || claims.terms.onward_sharing !== "prohibited", "a key to pass it on with, under terms that prohibit it");
  const holder = claims.cnf && (await readKey(claims.cnf.jwk));
  const presented = bound === "" ? undefined : await readBinding(token, bound, holder);
  if ((presented ?? claims).aud !== audience) throw new Refused("not-for-recipient", "for another recipient");
  checkClock(claims, now);
  if (presented) {
    need(presented.at >= iat - SKEW_S && presented.at < exp, "passed on before it was made, or after it expired");
    if (presented.at > now + SKEW_S) throw new Refused("clock-suspect", "passed on in the future", presented.at);
  }
  const digest = toHex(await sha256(utf8(jwt.slice(0, jwt.lastIndexOf(".")))));
  return { claims, signer, facts, places, presented, digest, withheld: [...places.values()].filter((at) => at === undefined).length };
}

async function readEndorsement(jwt, { claims, digest, places }) {
  need(jwt.length <= MAX_JWT, "an endorsement too large to read");
  const [value, signer] = await verifyJwt(jwt, "finvault-endorsement+jwt");
  const read = isEndorsement(value);
  need(read.iss === THUMBPRINT + signer.kid, "an issuer that is not the key's fingerprint");
  need(read.disclosure_sha256 === digest && read.jti === claims.jti, "an endorsement of another disclosure");
  need(read.iat >= claims.iat - SKEW_S && read.iat < claims.exp, "an endorsement from before or after the disclosure's time");
  need(read.facts.length >= 1 && read.facts.length <= 512, "an endorsement of no facts, or of too many");
  need(new Set(read.facts).size === read.facts.length, "an endorsement that names a fact twice");
  need(read.facts.every((fact) => places.has(fact)), "an endorsement of a fact that was not signed");
  const here = read.facts.map((fact) => places.get(fact)).filter((at) => at !== undefined).sort((a, b) => a - b);
  return { ...read, signer, here, withheld: read.facts.length - here.length };
}

// Verifies the text inside a sealed file: the token on its first line, and a line for each thing beside it.
export async function verifyContents(contents, audience, now) {
  const lines = contents.replace(/^[\t-\r ]+/, "").replace(/[ \n\r]+$/, "").split("\n");
  const token = lines.shift().replace(/[\t-\r ]+$/, "");
  need(/^[A-Za-z0-9_.~-]+$/.test(token) && token.includes("~"), "no disclosure");
  need(lines.length <= MAX_ENCLOSURES, "too many enclosures");
  const beside = lines.map((line) => {
    const [, kind, body] = /^(document|endorsement) ([A-Za-z0-9_.-]+)\r*$/.exec(line) ?? invalid("a line of another form");
    return { kind, body: kind === "document" ? fromBase64url(body) : body };
  });
  const verified = await verifyToken(token, audience, now);
  verified.documents = new Map();
  verified.endorsements = [];
  for (const { kind, body } of beside) {
    if (kind === "document") {
      const hash = toHex(await sha256(body));
      const at = verified.facts.findIndex((fact) => fact.Document?.sha256 === hash);
      need(at >= 0, "a document beside it that no fact names");
      need(!verified.documents.has(at), "a document that is there twice");
      verified.documents.set(at, body);
    } else {
      const endorsement = await readEndorsement(body, verified);
      const again = verified.endorsements.some((known) => known.signer.kid === endorsement.signer.kid);
      need(!again, "two endorsements of one signer");
      verified.endorsements.push(endorsement);
    }
  }
  return verified;
}
