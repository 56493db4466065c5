// What a recipient meets: the page that finvault made opens in real browsers, asks for nothing from outside, refuses what
// it has to, prints, and can be used by keyboard and screen reader.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BROWSERS, open, sha256, start, title, unlock, vectors, words } from "./browser.mjs";
import { assemble } from "./page.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const fixture = (name) => readFile(join(process.env.FIXTURES, name), "utf8");
const [all, other, busy] = await Promise.all(
  ["all", "other", "busy"].map(async (name) => ({ html: await fixture(`${name}.html`), told: JSON.parse(await fixture(`${name}.json`)) })),
);
const viewerPage = await fixture("viewer.html");
const dataOf = (html) => /type="application\/jose">([^<]*)</.exec(html)[1];
const DAY_S = 86400;

// Nothing serious or worse, by the rules of WCAG 2 A and AA.
async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
  const bad = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  assert.deepEqual(bad.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`), [], what);
}

function quiet(page) {
  assert.deepEqual(page.requests, [], "it asked for something");
  assert.deepEqual(page.errors, []);
}

test("finvault makes the page from what is in the source tree", async () => {
  assert.equal(viewerPage, await assemble());
  assert.equal(all.html, await assemble(dataOf(all.html)));
  assert.ok(Buffer.byteLength(viewerPage) < 40 * 1024, `${Buffer.byteLength(viewerPage)} bytes`);
  console.log(`the viewer's page has ${Buffer.byteLength(viewerPage)} bytes`);
});

for (const name of Object.keys(BROWSERS)) {
  describe(name, { timeout: 300000 }, () => {
    let session;
    before(async () => (session = await start(name)));
    after(() => session.close());
    const show = async (html, options) => open(session, await session.write("page.html", html), options);

    test("it opens, shows the facts and asks for nothing", async () => {
      const page = await show(all.html);
      assert.equal(await page.$eval("form", (form) => form.getAttribute("action")), null);
      assert.equal(await page.$eval("#code", (input) => input.name), "");
      await unlock(page, all.told.passcode);
      assert.equal(await title(page), "Rental application");
      const shown = await words(page);
      for (const text of [all.told.issuer, "4,688.36 USD", "≥ 0.00 USD, < 5,000.00 USD", "LANDLORD", "Example Holder", all.told.jti, "prohibited", "2026-03-31"]) {
        assert.ok(shown.includes(text), `${text} is missing:\n${shown}`);
      }
      assert.equal(await page.$$eval("section.card .kind", (facts) => facts.length), 8);
      assert.equal(await page.$eval("img", async (image) => (await image.decode(), image.naturalWidth > 0)), true);
      assert.deepEqual(await page.$$eval("a[download]", (links) => links.map((link) => link.download)), ["receipt.png", "receipt.pdf"]);
      assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
      assert.ok(!(await page.content()).includes(all.told.passcode), "the code is still there");
      await page.click("summary");
      assert.match(await (await page.waitForSelector("iframe")).evaluate((frame) => frame.src), /^blob:/);
      quiet(page);
    });

    test("the code may be typed in any way", async () => {
      const page = await show(other.html);
      const typed = other.told.passcode.toLowerCase().replaceAll("-", "  ").replaceAll("0", "O").replaceAll("1", "l");
      await unlock(page, ` ${typed} `);
      assert.equal(await title(page), "Rental application");
      const shown = await words(page);
      assert.ok(shown.includes(other.told.issuer) && !shown.includes(all.told.issuer), "another recipient has another signer");
    });

    test("a mistyped code is told before anything is tried, a wrong one gives no hint", async () => {
      const page = await show(all.html);
      const { passcode } = all.told;
      await unlock(page, passcode.slice(0, -1) + (passcode.endsWith("A") ? "B" : "A"));
      assert.match(await page.$eval("#said", (said) => said.textContent), /symbol in it is wrong/);
      await unlock(page, "correct horse");
      assert.match(await page.$eval("#said", (said) => said.textContent), /Not a whole passcode/);
      await page.reload();
      await unlock(page, other.told.passcode);
      assert.equal(await title(page), "The code does not open it");
      assert.ok(!(await words(page)).includes("USD"));
      await page.click(".card button");
      await unlock(page, passcode);
      assert.equal(await title(page), "Rental application");
      quiet(page);
    });

    test("outside its time nothing is decrypted, and what is open closes when it is over", async () => {
      const issued = Date.parse(all.told.expires) / 1000 - 7 * DAY_S;
      for (const [at, expected] of [[issued + 7 * DAY_S, "This disclosure has expired"], [issued - 3600, "Check this device’s clock"]]) {
        const page = await show(all.html, { at });
        assert.equal(await title(page), expected);
        assert.equal(await page.$("#code"), null);
        quiet(page);
      }
      const page = await show(all.html, { at: issued + 60 });
      await unlock(page, all.told.passcode);
      assert.match(await page.$eval("#left", (left) => left.textContent), /in 6 days/);
      await page.evaluate((ms) => (globalThis.shift = ms), 7 * DAY_S * 1000);
      await page.waitForSelector(".refused");
      assert.equal(await title(page), "This disclosure has expired");
      assert.ok(!(await words(page)).includes("USD"));
    });

    test("a browser without Ed25519 says so", async () => {
      const page = await session.browser.newPage();
      await page.evaluateOnNewDocument(() => {
        crypto.subtle.importKey = () => Promise.reject(new DOMException("no such algorithm", "NotSupportedError"));
      });
      await page.goto(await session.write("page.html", all.html));
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(await title(page), "This browser cannot open it");
    });

    test("the viewer takes a file that is chosen or dropped, and shows its digest", async () => {
      const page = await show(viewerPage);
      await accessible(page, "the viewer alone");
      const bytes = Buffer.from(dataOf(all.html) + "\n");
      await session.write("for-landlord.jwe", bytes);
      const input = await page.$("#file");
      await input.uploadFile(join(session.folder, "for-landlord.jwe"));
      await page.waitForSelector("#code");
      assert.ok((await words(page)).includes(sha256(bytes)));
      await unlock(page, all.told.passcode);
      assert.equal(await title(page), "Rental application");
      const drop = (text) =>
        page.evaluate((text) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], "dropped.html"));
          window.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
        }, text);
      await drop(other.html);
      await page.waitForSelector("#code");
      await unlock(page, other.told.passcode);
      assert.ok((await words(page)).includes(other.told.issuer));
      for (const nothing of [viewerPage, "age-encryption.org/v1", other.html.replace(dataOf(other.html), "")]) {
        await drop(nothing);
        await page.waitForSelector(".refused");
        assert.equal(await title(page), "No disclosure in it");
      }
      quiet(page);
    });

    test("its policy forbids every request and every other script", async () => {
      const page = await show(all.html);
      const blocked = await page.evaluate(async () => {
        const violations = [];
        addEventListener("securitypolicyviolation", ({ effectiveDirective }) => violations.push(effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        const image = new Image();
        image.src = "http://127.0.0.1:9/pixel.png";
        document.body.append(script, image);
        const fetched = await fetch("http://127.0.0.1:9/").then(() => true, () => false);
        await new Promise((resolve) => setTimeout(resolve, 200));
        return { violations: [...new Set(violations)].sort(), ran: window.ran === true, fetched };
      });
      assert.deepEqual(blocked, { violations: ["connect-src", "img-src", "script-src-elem"], ran: false, fetched: false });
    });

    test("other languages, with amounts and dates as their readers write them", async () => {
      for (const [tag, heading, amount] of [["de-DE", "Versiegelte Auskunft", "4.688,36"], ["fr-FR", "Divulgation scellée", "4 688,36"], ["es-ES", "Divulgación sellada", "4688,36"]]) {
        const page = await show(all.html, { languages: [tag] });
        assert.equal(await title(page), heading);
        await unlock(page, all.told.passcode);
        assert.ok((await words(page)).includes(amount), tag);
        assert.equal(await page.$eval("html", (html) => html.lang), tag.slice(0, 2));
      }
    });

    test("a thousand rows, from the code to the page", async () => {
      const page = await show(busy.html);
      const began = performance.now();
      await unlock(page, busy.told.passcode);
      const took = Math.round(performance.now() - began);
      assert.ok((await page.$$eval("tbody tr", (rows) => rows.length)) >= 1000);
      console.log(`${name}: 1000 rows in ${took} ms, key derivation included`);
    });

    test("axe finds nothing serious, wide and narrow, light and dark", async () => {
      const page = await show(all.html);
      await accessible(page, "asking");
      await unlock(page, all.told.passcode);
      await accessible(page, "opened");
      const phone = await show(all.html, { width: 360, height: 740, dark: true });
      await unlock(phone, all.told.passcode);
      await accessible(phone, "opened on a phone, dark");
      assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= 360), "it scrolls sideways");
      const expired = await show(all.html, { at: Date.parse(all.told.expires) / 1000 });
      await accessible(expired, "expired");
    });
  });
}

describe("chromium", { timeout: 300000 }, () => {
  let session;
  before(async () => (session = await start("chromium")));
  after(() => session.close());

  test("every altered field is refused in the page, with its own words", async () => {
    const { index, read } = await vectors("browser");
    const titles = {
      valid: "Refund of order 4711",
      invalid: "This file was altered",
      "wrong-code": "The code does not open it",
      expired: "This disclosure has expired",
      "not-yet-valid": "Not valid yet",
      "clock-suspect": "Check this device’s clock",
      "not-for-recipient": "This file was altered",
    };
    const signers = new Map();
    for (const { file, verdict } of index.vectors) {
      const html = await assemble((await read(file)).toString().trim());
      const page = await open(session, await session.write("page.html", html), { at: index.now });
      if (await page.$("#code")) await unlock(page, index.passcode);
      assert.equal(await title(page), titles[verdict], file);
      if (verdict === "valid") signers.set(file, await page.$eval(".print", (print) => print.textContent));
      else assert.ok(!(await words(page)).includes("12,300"), file);
      quiet(page);
      await page.close();
    }
    // A swapped key shows nowhere else, which is why people compare it.
    assert.equal(signers.get("control.jwe"), "7pxi qm4z oq5i wc4p 3sll eqqs mikq bxt7");
    assert.notEqual(signers.get("control-another-signer.jwe"), signers.get("control.jwe"));
  });

  test("printed pages carry the fingerprint, the id and the expiry", async () => {
    const page = await open(session, await session.write("page.html", all.html));
    await unlock(page, all.told.passcode);
    await page.pdf({ path: join(session.folder, "print.pdf"), format: "A4" });
    const printed = execFileSync("pdftotext", ["-layout", join(session.folder, "print.pdf"), "-"]).toString();
    const pages = printed.split("\f").filter((text) => text.trim());
    assert.ok(pages.length > 1);
    for (const text of pages) {
      for (const part of [all.told.issuer, all.told.jti, all.told.expires]) assert.ok(text.includes(part), `${part}\n${text}`);
    }
  });

  test("the keyboard is enough", async () => {
    const page = await open(session, await session.write("page.html", all.html));
    assert.equal(await page.evaluate(() => document.activeElement.id), "code");
    await page.keyboard.type(all.told.passcode);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".good");
    const reached = new Set();
    for (let at = 0; at < 40; at += 1) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement.textContent.slice(0, 20)));
    }
    assert.ok(reached.has("Print") && reached.has("Close") && reached.has("Save the file"), [...reached].join(" | "));
  });
});
