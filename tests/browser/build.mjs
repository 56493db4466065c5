// Makes the viewer's script and style as they stand in its page, from the readable sources: one file each, comments and
// reasons left out, names shortened. `node build.mjs` writes them; `node build.mjs --check` fails where they are stale.

import { build } from "esbuild";
import { deflateSync, strToU8 } from "fflate";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const viewer = fileURLToPath(new URL("../../src/disclosure/viewer/", import.meta.url));

// Texts as the page has them: as JSON, deflated (RFC 1951), in base64.
async function packed() {
  const { TEXTS } = await import(viewer + "texts.js");
  // Not node's own zlib, which packs otherwise in other releases.
  const base64 = Buffer.from(deflateSync(strToU8(JSON.stringify(TEXTS)), { level: 9 })).toString("base64");
  return `export async function data() {
    const bytes = Uint8Array.from(atob("${base64}"), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
  }`;
}

// Without the reasons: which rule was broken is for who reads the source and its tests.
function withoutReasons(source) {
  const found = /\b(need\(.*), "[^"\n]*"\);$|\b(invalid\()"[^"\n]*"\)|\b(new Refused\("[a-z-]+", ")[^"\n]*"/gm;
  return source.replace(found, (_, needed, invalid, refused) => {
    if (refused) return `${refused}"`;
    return needed ? `${needed});` : `${invalid})`;
  });
}

const inPage = {
  name: "in-page",
  setup({ onLoad }) {
    onLoad({ filter: /viewer\/[a-z-]+\.js$/ }, async ({ path }) => {
      const contents = path.endsWith("/texts.js") ? await packed() : withoutReasons(await readFile(path, "utf8"));
      return { contents, loader: "js" };
    });
  },
};

// What stands in the page, as esbuild makes it. `entry` is a source, `name` what tests may call its exports.
export async function bundle(entry, name) {
  const { outputFiles } = await build({
    entryPoints: [viewer + entry],
    bundle: true,
    format: "iife",
    globalName: name,
    minify: true,
    charset: "utf8",
    target: ["chrome137", "firefox130", "safari17"],
    plugins: [inPage],
    write: false,
  });
  return outputFiles[0].text;
}

async function digestOfSources() {
  const names = (await readdir(viewer)).filter((name) => /\.(js|css)$/.test(name)).sort();
  const hash = createHash("sha256");
  for (const name of names) hash.update(await readFile(viewer + name));
  return hash.digest("hex");
}

async function main(check) {
  const digest = await digestOfSources();
  const said = `Readable: finvault, src/disclosure/viewer, SHA-256 ${digest}`;
  const made = { "viewer.js": `// ${said}\n${await bundle("main.js")}`, "style.css": `/*${digest}*/\n${await bundle("style.css")}` };
  await mkdir(viewer + "built", { recursive: true });
  for (const [name, text] of Object.entries(made)) {
    const there = await readFile(viewer + "built/" + name, "utf8").catch(() => "");
    if (check && there !== text) throw new Error(`built/${name} is stale: run node tests/browser/build.mjs`);
    if (!check) await writeFile(viewer + "built/" + name, text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.includes("--check"));
