// The same files, the same verdicts: the viewer's JavaScript is held to what the Rust verifier says of every vector, in
// Chromium, in Firefox and in node.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { bundle, viewer } from "./build.mjs";
import { BROWSERS, root, start, vectors } from "./browser.mjs";

const own = await import(viewer + "verify.js");
const sealed = await import(viewer + "sealed.js");

// Every vector as text, how it is read, and its verdict.
async function all() {
  const { index, read } = await vectors("hostile");
  const { audience, now } = index;
  const cases = [];
  for (const { file, reads, verdict } of index.vectors) {
    if (!["disclosure", "contents"].includes(reads)) continue;
    const bytes = await read(file);
    cases.push({ file, reads, verdict, audience, now, bytes: bytes.subarray(0, -1).toString("base64") });
  }
  const disclosure = join(root, "tests/vectors/disclosure");
  const frozen = [
    ["disclosure/example.token", "valid"],
    ["disclosure/every-kind.token", "valid"],
    ["disclosure/invalid-alg-none.token", "invalid"],
    ["disclosure/invalid-disclosure-twice.token", "invalid"],
    ["disclosure/invalid-signature.token", "invalid"],
    ["disclosure/invalid-tampered-fact.token", "invalid"],
    ["disclosure/invalid-unreferenced-disclosure.token", "invalid"],
    ["documents/documents.token", "valid"],
    ["lifecycle/status.token", "not-for-recipient"],
    ["presentation/presented.token", "valid"],
    ["presentation/other-audience-binding-stripped.token", "not-for-recipient"],
    ...["alg-none", "brings-its-own-key", "by-the-issuer", "moved-to-the-whole-token", "of-type-jwt", "unknown-member", "without-cnf"].map(
      (name) => [`presentation/invalid-binding-${name}.token`, "invalid"],
    ),
    ...["bound-twice", "disclosures-exchanged-after-binding", "row-added-after-binding", "row-removed-after-binding", "sd-hash-of-another-subset", "unreferenced-disclosure"].map(
      (name) => [`presentation/invalid-${name}.token`, "invalid"],
    ),
  ];
  for (const [file, verdict] of frozen) {
    const bytes = await readFile(join(disclosure, "..", file));
    cases.push({ file, reads: "disclosure", verdict, audience, now, bytes: bytes.subarray(0, -1).toString("base64") });
  }
  const browser = await vectors("browser");
  const { passcode } = browser.index;
  for (const { file, verdict } of browser.index.vectors) {
    const bytes = await browser.read(file);
    cases.push({ file, reads: "jwe", verdict, passcode, now: browser.index.now, bytes: bytes.subarray(0, -1).toString("base64") });
  }
  return cases;
}

// The verdict on one vector; runs here and in browsers.
async function judge({ verifyToken, verifyContents, openSealed }, { reads, bytes, audience, now, passcode }) {
  try {
    const raw = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
    if (reads === "jwe") await openSealed(text, passcode, () => now);
    else await (reads === "contents" ? verifyContents : verifyToken)(text, audience, now);
    return "valid";
  } catch (error) {
    return error.kind ?? (error instanceof TypeError && /decod|encod/.test(error.message) ? "invalid" : `crash: ${error.stack}`);
  }
}

const cases = await all();

test("every vector in node", async () => {
  assert.ok(cases.length > 250);
  for (const one of cases) assert.equal(await judge({ ...own, ...sealed }, one), one.verdict, one.file);
});

for (const name of Object.keys(BROWSERS)) {
  describe(name, () => {
    let session;
    before(async () => (session = await start(name)));
    after(() => session.close());

    test("every vector, by the code as it stands in the page", async () => {
      const verify = await bundle("verify.js", "verify");
      const sealed = await bundle("sealed.js", "sealed");
      const page = await session.browser.newPage();
      await page.goto(await session.write("empty.html", "<!doctype html><title>empty</title>"));
      await page.evaluate(`${verify}\n${sealed}\nwindow.verifier = { ...verify, ...sealed }; window.judge = ${judge}; true`);
      const verdicts = await page.evaluate(
        (cases) => Promise.all(cases.map((one) => window.judge(window.verifier, one))),
        cases,
      );
      cases.forEach((one, at) => assert.equal(verdicts[at], one.verdict, one.file));
    });
  });
}
