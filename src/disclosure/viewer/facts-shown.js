// Each kind of fact as a section of the page: a figure, a table, a chart, and on what it rests.

import { toHex } from "./bytes.js";
import { dayNumber } from "./money.js";
import { barChart } from "./chart.js";
import { daysText, money, number, say } from "./languages.js";

// The only way in which the page makes elements: what stands in a disclosure is always text.
export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes ?? {})) node.setAttribute(key, value);
  node.append(...children.flat(9).filter((child) => child !== undefined && child !== ""));
  return node;
}

// Days in the reader's way, and beside it in that of ISO 8601.
export const day = (from, to = from) => [daysText(from, to), " ", h("small", {}, from === to ? from : `${from}/${to}`)];

// A stretch of days of which either end may be open; it has at least one.
const span = ({ from, to }) => (from && to ? day(from, to) : from ? ["≥ ", day(from)] : ["≤ ", to && day(to)]);

// A name of something, and what it is.
export const pairs = (entries) => {
  const shown = entries.filter(([, value]) => value !== undefined && value !== "");
  return h("dl", {}, shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
};

// `heads`: a text, and whether the column has numbers.
function table(caption, heads, rows) {
  const style = (at) => (heads[at][1] ? { class: "number" } : {});
  // The roles stay when a phone shows rows as blocks.
  const row = (cells) => h("tr", { role: "row" }, cells);
  const head = row(heads.map(([name], at) => h("th", { ...style(at), role: "columnheader" }, name)));
  const body = rows.map((cells) => row(cells.map((content, at) => h("td", { ...style(at), role: "cell" }, content))));
  const whole = h("table", { role: "table" }, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, body));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, whole);
}

const SIGNS = { is: "=", contains: "∋", "at-least": "≥", "at-most": "≤" };
const value = (amount) => Number(amount.minor) / 10 ** amount.digits;
const groupName = (by, group) => (by === "flow" ? say(group) : (group ?? "–"));

function balance({ Balance: exact, Range: range }) {
  const { DateTime: at } = exact ?? range;
  const figure = exact ? money(exact.amount) : `≥ ${money(range.AtLeast)}, < ${money(range.Below)}`;
  return [h("p", {}, say("balance", daysText(at, at)), " ", h("small", {}, at)), h("p", { class: "figure" }, figure)];
}

function threshold({ Threshold: asked, selection: { window } }) {
  const question = `${SIGNS[asked.op]} ${money(asked.amount)} ${say(asked.measure)}, `;
  const days = asked.measure === "closing" ? "" : h("p", {}, say("days", asked.days_with_data, asked.window_days));
  const answer = h("p", { class: "figure" }, say(asked.result ? "yes" : "no"));
  return [h("p", {}, question, span(window)), answer, days];
}

function totals({ Totals: totals }) {
  const { by, Period: parts } = totals;
  const rows = parts.flatMap((part) => {
    const cells = part.Total.map((cell) => [span(part), groupName(by, cell.group), String(cell.count), money(cell.amount)]);
    if (part.Whole) cells.push([span(part), h("b", {}, say("all")), String(part.Whole.count), h("b", {}, money(part.Whole.amount))]);
    if (part.suppressed_cells) cells.push([span(part), say("cells", part.suppressed_cells), "", ""]);
    return cells;
  });
  const names = [...new Set(parts.flatMap((part) => part.Total.map((cell) => cell.group)))].sort();
  const heads = [[say("period")], [say("group")], [say("count"), true], [say("amount"), true]];
  const caption = say("totals");
  const groups = parts.map((part) => ({
    label: part.from.slice(0, 7),
    bars: part.Total.map((cell) => {
      const name = groupName(by, cell.group);
      return { series: names.indexOf(cell.group), value: value(cell.amount), said: `${part.from} ${name}: ${money(cell.amount)}` };
    }),
  }));
  const few = names.length < 7 && parts.length < 61;
  const legend = names.map((name, at) => h("li", { class: "s" + at }, groupName(by, name)));
  return [few && h("figure", {}, barChart(caption, groups), h("ul", { class: "legend" }, legend)), table(caption, heads, rows)];
}

// What came in and went out, by day or by month, of the rows that are shown.
function flows(rows) {
  const dated = rows.filter((row) => row.BookingDateTime && row.amount);
  const days = dated.map((row) => row.BookingDateTime).sort();
  if (days.length < 2 || new Set(dated.map((row) => row.amount.unit)).size > 1) return "";
  const length = dayNumber(days.at(-1)) - dayNumber(days[0]) > 40 ? 7 : 10;
  const labels = [...new Set(days.map((day) => day.slice(0, length)))];
  const groups = labels.map((label) => {
    const amounts = dated.filter((row) => row.BookingDateTime.startsWith(label)).map((row) => value(row.amount));
    const sum = (sign) => amounts.filter((amount) => amount * sign > 0).reduce((sum, amount) => sum + amount, 0);
    const bar = (name, series, value) => ({ series, value, said: `${label} ${say(name)}: ${number(value, dated[0].amount.digits)}` });
    return { label: label.slice(length === 7 ? 0 : 5), bars: [bar("income", 0, sum(1)), bar("spending", 1, sum(-1))] };
  });
  const legend = h("ul", { class: "legend" }, h("li", { class: "s0" }, say("income")), h("li", { class: "s1" }, say("spending")));
  return h("figure", {}, barChart(say("transactions"), groups), legend);
}

function transactions({ Transaction: rows, withheld }) {
  const columns = [
    ["BookingDateTime", [say("date")], (row) => day(row.BookingDateTime)],
    ["TransactionInformation", [say("payee")], (row) => row.TransactionInformation],
    ["Status", [say("status")], (row) => row.Status],
    ["TransactionId", [say("id")], (row) => h("code", {}, row.TransactionId)],
    ["Amount", [say("amount"), true], (row) => money(row.amount)],
  ].filter(([name]) => rows.some((row) => row[name] !== undefined));
  const cells = rows.map((row) => columns.map(([name, , shown]) => (row[name] === undefined ? "" : shown(row))));
  const all = rows.length ? [flows(rows), table(say("transactions"), columns.map(([, head]) => head), cells)] : [];
  return [...all, withheld ? h("p", {}, say("withheld", withheld)) : ""];
}

function account({ Details: details }) {
  const shown = { ...details, KnownSince: details.KnownSince && day(details.KnownSince), Scheme: undefined };
  return [pairs(Object.entries(shown).filter(([, text]) => text !== undefined).map(([name, text]) => [say(name), text]))];
}

// What a file is by its first bytes, whatever it is said to be; only these are shown, all others can be saved.
const MAGIC = { "image/png": "89504e47", "image/jpeg": "ffd8ff", "image/gif": "47494638", "application/pdf": "25504446" };

function document_({ Document: { sha256, media_type: type, filename } }, bytes) {
  const about = pairs([[say("file"), filename], ["", type], ["SHA-256", h("code", {}, sha256)]]);
  if (!bytes) return [about, h("p", {}, say("absent"))];
  const begin = toHex(bytes.slice(0, 4));
  const known = Object.keys(MAGIC).find((type) => begin.startsWith(MAGIC[type]));
  const url = (type) => URL.createObjectURL(new Blob([bytes], { type }));
  const name = (filename ?? "document").replace(/[^\p{L}\p{N} .,_+()@-]/gu, "_").replace(/^[ .~_-]+/, "") || "document";
  const save = h("a", { class: "button", href: url("application/octet-stream"), download: name }, say("save"));
  let inside = "";
  if (known === "application/pdf") {
    // Only when asked for: a viewer of PDFs takes the focus as soon as it is there.
    inside = h("details", {}, h("summary", {}, name));
    inside.addEventListener("toggle", () => inside.lastChild.src ?? inside.append(h("iframe", { src: url(known), title: name })));
  } else if (known) inside = h("img", { src: url(known), alt: name });
  else if (type.startsWith("text/")) inside = h("pre", { tabindex: "0" }, new TextDecoder().decode(bytes.slice(0, 100000)));
  return [about, inside, save];
}

const KINDS = {
  balance: [balance],
  "balance-range": [balance],
  "balance-threshold": [threshold],
  "totals-by-period": [totals, "totals"],
  transactions: [transactions, "transactions"],
  account: [account],
  document: [document_, "document"],
};

// How it was selected and on what it rests.
function how({ selection: { window, filter, matched, suppressed, rounding, gaps }, evidence, Counterparties, Totals }) {
  const conditions = filter.map(({ field, op, value }) => `${say(field)} ${SIGNS[op]} “${value}”`);
  const form = Counterparties ?? Totals?.Counterparties;
  const derived = evidence.grade !== "self-asserted";
  return h(
    "ul",
    { class: "how" },
    [
      (window.from || matched) && [span(window), matched ? ` · ${say("count")}: ${matched}` : "", suppressed ? ` · ${say("cells", suppressed)}` : ""],
      conditions.length && conditions.join(" · "),
      rounding && say("rounded", money(rounding)),
      form && say(form),
      gaps?.length && [say("gaps", ""), gaps.map((gap) => [span(gap), " "])],
      derived ? say("derived", evidence.statements.length) : say("self"),
    ]
      .filter(Boolean)
      .map((line) => h("li", {}, line)),
    evidence.statements.map((statement) => h("li", {}, h("code", {}, `${statement.format} ${statement.sha256}`))),
  );
}

// One fact under its number.
export function factShown(fact, at, bytes) {
  const [shown, name] = KINDS[fact.kind];
  const { Nickname: nick, Identification: masked } = fact.Account ?? {};
  const called = [nick, masked].filter(Boolean).join(" ");
  const title = [name && say(name), fact.Account && (called ? `${say("account")} ${called}` : say("unnamed"))];
  return h(
    "section",
    { class: "card" },
    h("p", { class: "kind" }, say("fact", at + 1)),
    h("h2", {}, title.filter(Boolean).join(" · ")),
    shown(fact, bytes).filter(Boolean),
    how(fact),
  );
}
