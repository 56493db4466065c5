// What happens when: the page opens, a file is dropped, a code is typed, time runs out.

import { Refused, fromUtf8, sha256, toHex } from "./bytes.js";
import { LANGUAGES, learn, preferred, say, speak, spoken } from "./languages.js";
import { checkClock } from "./verify.js";
import { findData, openSealed, readOutside, readPasscode } from "./sealed.js";
import { asking, countDown, disclosure, dropping, refusal } from "./show.js";
import { h } from "./facts-shown.js";

const now = () => Math.floor(Date.now() / 1000);
const page = document.getElementById("page");
// What is shown, as a function that makes it: another language makes it anew.
let shown;

function show(make, focus) {
  shown = make;
  const select = h("select", { "aria-label": say("language") }, Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code }, name)));
  select.value = spoken();
  select.addEventListener("change", () => {
    speak(select.value);
    show(shown);
    document.querySelector("select").focus();
  });
  page.replaceChildren(h("header", {}, select), h("main", {}, make()));
  document.title = page.querySelector("h1").textContent;
  if (focus) page.querySelector(focus)?.focus();
}

function refuse(error) {
  const reason = error instanceof Refused ? error : new Refused("invalid", error.message);
  show(() => refusal(reason), "h1");
}

// Asks for the code, unless the outside already says that it is over or not yet time.
function ask(data, file) {
  try {
    checkClock(readOutside(data), now());
  } catch (error) {
    return refuse(error);
  }
  show(() => asking(file, (code, said, button) => open(data, file, code, said, button)), "#code");
}

async function open(data, file, code, said, button) {
  const passcode = readPasscode(code.value);
  if (!passcode) {
    said.textContent = say("mistyped");
    code.setAttribute("aria-invalid", "true");
    return code.focus();
  }
  button.disabled = true;
  said.textContent = say("opening");
  try {
    const verified = await openSealed(data, passcode, now);
    code.value = "";
    show(() => disclosure(verified, () => ask(data, file)), "h1");
    countDown(verified.claims.exp, now, () => refuse(new Refused("expired", "", verified.claims.exp)));
  } catch (error) {
    refuse(error);
    // A wrong code can be typed again; nothing else changes by that.
    if (error.kind !== "wrong-code") return;
    const again = h("button", { type: "button" }, say("code"));
    again.addEventListener("click", () => ask(data, file));
    page.querySelector(".card").append(again);
  }
}

async function take(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const about = { name: file.name, sha256: toHex(await sha256(bytes)) };
  let data;
  try {
    data = findData(fromUtf8(bytes));
  } catch {
    // Not a text, so no file of ours for browsers.
  }
  if (data) ask(data, about);
  else refuse(new Refused("none"));
}

// Fails unless the browser has all that opening takes: an Ed25519 key is the newest of it.
async function supported() {
  const key = new Uint8Array(32).fill(0x58);
  key[31] = 0x66;
  await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
}

async function start() {
  // Where this fails the page stays as it is: it says that it takes another browser.
  await supported();
  await learn();
  speak(preferred());
  const data = document.getElementById("disclosure").textContent.trim();
  if (data) return ask(data);
  show(() => dropping(take));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
}

start();
