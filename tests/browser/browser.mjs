// Drives the distribution's Chromium and Firefox: opens a page from disk at a fixed moment, and lists what it asks for.

import puppeteer from "puppeteer-core";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const here = fileURLToPath(new URL(".", import.meta.url));
export const root = join(here, "../..");

const CHROMIUM = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const BROWSERS = {
  chromium: { browser: "chrome", executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: CHROMIUM },
  firefox: { browser: "firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr" },
};

// A browser with a profile of its own, and a folder for files; both go when `close` is called.
export async function start(name) {
  const folder = await mkdtemp(join(tmpdir(), "finvault-browser-"));
  const options = { ...BROWSERS[name], headless: true, userDataDir: join(folder, "profile"), timeout: 120000, protocolTimeout: 120000 };
  const browser = await puppeteer.launch(options);
  return {
    name,
    browser,
    folder,
    async write(file, content) {
      await writeFile(join(folder, file), content);
      return pathToFileURL(join(folder, file)).href;
    },
    async close() {
      await browser.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

// Stops the page's clock at a moment, from before its first script.
function stopClock(milliseconds) {
  globalThis.shift = 0;
  Date.now = () => milliseconds + globalThis.shift;
}

// Opens a file. `requests` collects every request but that for the file itself, `errors` what the page complains of.
export async function open(session, url, { at, width = 1280, height = 900, dark = false, languages = ["en-GB"] } = {}) {
  const page = await session.browser.newPage();
  page.requests = [];
  page.errors = [];
  // The file itself, what is in it, and what the browser's own viewer of PDFs is made of.
  const own = (asked) => asked === url || /^(blob|chrome|chrome-extension|resource):/.test(asked);
  page.on("request", (request) => own(request.url()) || page.requests.push(request.url()));
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
  await page.setViewport({ width, height });
  if (session.name === "chromium") {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
    await page.emulateTimezone("UTC");
  }
  if (at !== undefined) await page.evaluateOnNewDocument(stopClock, at * 1000);
  await page.evaluateOnNewDocument((tags) => Object.defineProperty(navigator, "languages", { get: () => tags }), languages);
  await page.goto(url, { waitUntil: "load" });
  await page.waitForSelector("select");
  return page;
}

// Types a code and waits for what comes of it: the disclosure, a refusal, or a word about the code.
export async function unlock(page, code) {
  await page.waitForSelector("#code");
  await page.$eval("#code", (input, code) => (input.value = code), code);
  await page.click("form button");
  await page.waitForSelector(".good, .refused, #code[aria-invalid]", { timeout: 60000 });
}

export const title = (page) => page.$eval("h1", (node) => node.textContent);
export const words = (page) => page.$eval("main", (node) => node.innerText.replace(/[\u00a0\u202f]/g, " "));
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

export async function vectors(name) {
  const folder = join(root, "tests/vectors", name);
  const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8"));
  const read = (file) => readFile(join(folder, file));
  return { index, read };
}
