// The pictures of the page in docs/pictures: a frozen disclosure at a fixed moment, on a screen, a phone and paper.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { here, open, root, start, unlock } from "./browser.mjs";
import { assemble } from "./page.mjs";

const { moment, passcode } = JSON.parse(await readFile(join(here, "example.json"), "utf8"));
const data = (await readFile(join(here, "example.jwe"), "utf8")).trim();
const folder = process.env.PICTURES;
let session;

before(async () => {
  await mkdir(folder, { recursive: true });
  session = await start("chromium");
});
after(() => session.close());

async function shot(name, options, height) {
  const page = await open(session, await session.write("example.html", await assemble(data)), { at: moment, ...options });
  if (name !== "asking" && (await page.$("#code"))) await unlock(page, passcode);
  await page.evaluate(() => document.activeElement?.blur());
  const clip = { x: 0, y: 0, width: options.width, height };
  await page.screenshot({ path: join(folder, `${name}.png`), clip, captureBeyondViewport: true });
  return page;
}

test("on a screen, on a phone, asking and expired", async () => {
  const page = await shot("desktop", { width: 1280 }, 2000);
  await shot("phone", { width: 360, height: 740, dark: true }, 2000);
  await shot("asking", { width: 1280 }, 460);
  await shot("expired", { width: 1280, at: moment + 400 * 86400 }, 360);
  await page.pdf({ path: join(session.folder, "example.pdf"), format: "A4" });
  execFileSync("pdftoppm", ["-r", "60", "-f", "1", "-l", "1", "-singlefile", "-png", join(session.folder, "example.pdf"), join(folder, "print")]);
});

test("they stand in the docs, and are small", async () => {
  for (const name of ["desktop", "phone", "asking", "expired", "print"]) {
    for (const place of [folder, join(root, "docs/pictures")]) {
      const { size } = await stat(join(place, `${name}.png`));
      assert.ok(size > 2000 && size < 400000, `${place}/${name}.png has ${size} bytes`);
    }
  }
});
