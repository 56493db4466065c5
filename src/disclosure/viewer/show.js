// The page's states: asking for the code, a refusal, the viewer alone, and a disclosure that holds.

import { momentText, say, timeLeft } from "./languages.js";
import { day, factShown, h, pairs } from "./facts-shown.js";

const iso = (seconds) => new Date(seconds * 1000).toISOString().replace(".000", "");
const moment = (seconds) => [momentText(seconds), " ", h("small", {}, iso(seconds)), " "];

// The first 160 bits in eight groups of base32 (RFC 4648): what people compare.
export function fingerprint(print) {
  const bits = Array.from(print.slice(0, 20), (byte) => byte.toString(2).padStart(8, "0")).join("");
  const symbols = bits.match(/.{5}/g).map((five) => "abcdefghijklmnopqrstuvwxyz234567"[parseInt(five, 2)]);
  return symbols.join("").match(/.{4}/g).join(" ");
}

const signer = (print) => h("p", { class: "print" }, fingerprint(print));

// A heading that takes the focus when the state changes, so that screen readers begin there.
const heading = (text) => h("h1", { tabindex: "-1" }, text);

// For each kind of refusal its title and its text; any other kind is told as an altered file.
const REFUSALS = {
  invalid: ["altered", "alteredText"],
  "wrong-code": ["wrong", "wrongText"],
  expired: ["expired", "expiredText"],
  "not-yet-valid": ["early", "earlyText"],
  "clock-suspect": ["clock", "clockText"],
  none: ["none", "noneText"],
};

export function refusal({ kind, at }) {
  const [title, message] = REFUSALS[kind] ?? REFUSALS.invalid;
  const when = at === undefined ? "" : `${momentText(at)} (${iso(at)})`;
  return h("div", { class: "card refused", role: "alert" }, heading(say(title)), h("p", {}, say(message, when)));
}

// The form goes nowhere and its input has no name: what is typed stays here.
export function asking(file, open) {
  const code = h("input", { id: "code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", "aria-describedby": "hint said" });
  const said = h("p", { id: "said", role: "alert" });
  const button = h("button", {}, say("open"));
  const label = h("label", { for: "code" }, say("code"));
  const form = h("form", {}, label, code, h("p", { id: "hint", class: "quiet" }, say("codeHint")), said, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    open(code, said, button);
  });
  const about = file && pairs([[say("file"), file.name], ["SHA-256", h("code", {}, file.sha256)]]);
  return h("div", { class: "card" }, heading(say("title")), h("p", {}, say("intro")), about ?? "", form, h("p", { class: "quiet" }, say("local")));
}

export function dropping(take) {
  const input = h("input", { type: "file", id: "file" });
  input.addEventListener("change", () => input.files[0] && take(input.files[0]));
  const label = h("label", { for: "file" }, say("choose"));
  return h("div", { class: "card drop" }, heading(say("title")), h("p", {}, say("drop")), label, input, h("p", { class: "quiet" }, say("local")));
}

function terms({ claims, presented }) {
  const { terms } = claims;
  return [
    [say("audience"), say("holder")],
    [say("purpose"), claims.purpose.text],
    [say("issued"), moment(claims.iat)],
    [say("expires"), [moment(claims.exp), h("b", { id: "left", role: "timer" })]],
    [say("keep"), [day(terms.retain_until), terms.intent_to_retain ? ` · ${say("retain")}` : ""]],
    [say("sharing"), say(terms.onward_sharing)],
    [say("revocation"), say("unchecked")],
    [say("id"), h("code", {}, claims.jti)],
    presented ? [say("passedBy"), [moment(presented.at), ` · ${presented.nonce}`, signer(presented.holder.print)]] : ["", ""],
  ];
}

function endorsement({ role, note, iat, here, withheld, signer: who }) {
  const facts = here.map((at) => say("fact", at + 1)).join(", ");
  return h(
    "section",
    { class: "card" },
    h("h2", {}, say("endorsed", role)),
    h("p", {}, moment(iat), facts && ` · ${facts}`, withheld ? ` · ${say("withheld", withheld)}` : ""),
    note === undefined ? "" : h("blockquote", {}, note),
    signer(who.print),
    h("p", { class: "caution" }, say("ownWord")),
  );
}

// Everything that was verified. `close` takes it away again.
export function disclosure(verified, close) {
  const { claims, facts, documents, endorsements, withheld } = verified;
  const print = h("button", { type: "button" }, say("print"));
  print.addEventListener("click", () => window.print());
  const shut = h("button", { type: "button" }, say("close"));
  shut.addEventListener("click", close);
  const last = `${fingerprint(verified.signer.print)} · ${claims.jti} · ${say("expires")} ${iso(claims.exp)}`;
  const who = h("section", { class: "card who" }, h("h2", {}, say("who")), signer(verified.signer.print), h("p", { class: "caution" }, say("compare")));
  const parts = [
    h("p", { class: "good" }, say("good")),
    heading(claims.purpose.text),
    h("p", { class: "tools" }, print, shut),
    who,
    h("section", { class: "card" }, pairs(terms(verified))),
    facts.map((fact, at) => factShown(fact, at, documents.get(at))),
    withheld ? h("p", { class: "caution" }, say("withheld", withheld)) : "",
    endorsements.map(endorsement),
    h("p", { class: "quiet" }, say("honest")),
  ];
  return h("div", { class: "sheet" }, h("div", {}, parts), h("p", { class: "foot" }, last));
}

// Keeps the time that is left; calls `over` when there is none.
export function countDown(exp, now, over) {
  const left = document.getElementById("left");
  if (!left) return;
  if (now() >= exp) return over();
  left.textContent = timeLeft(exp - now());
  setTimeout(() => countDown(exp, now, over), 1000);
}
