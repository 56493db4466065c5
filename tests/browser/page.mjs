// The viewer's page as finvault puts it together, from what is in the source tree: for looking at a change without a build.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { viewer } from "./build.mjs";

export async function assemble(data = "") {
  const [page, style, script] = await Promise.all(
    ["page.html", "built/style.css", "built/viewer.js"].map((name) => readFile(viewer + name, "utf8")),
  );
  const digest = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
  const policy = `default-src 'none'; script-src '${digest(script)}'; style-src '${digest(style)}'; img-src blob:; frame-src blob:; base-uri 'none'; form-action 'none'`;
  const parts = { policy, style, script, data };
  return Object.entries(parts).reduce((text, [name, part]) => text.replace(`{${name}}`, () => part), page);
}
