// The kinds of facts, each with the shape of its members and the rules that hold among them. What is read is what is shown.

import { need, utf8 } from "./bytes.js";
import { text, flag, count, small, oneOf, matching, list, optional, record } from "./json.js";
import { isDay, dayNumber, dayOf, LAST_DAY, isSide, isCurrency, isAmount, signed, isSigned, isStep } from "./money.js";

export const isDigest = matching(/^[0-9a-f]{64}$/);
const DOTS = "••••";
const PAYEES = {
  undefined: () => true,
  masked: (name) => name === DOTS || (name.split(" ").length <= 2 && name.split(" ").every((word) => /^\p{Alphabetic}••••$/u.test(word))),
  pseudonym: (name) => /^payee-[a-z2-7]{12}$/.test(name),
};
const hidden = optional(oneOf("masked", "pseudonym"));

const selectionShape = record({
  window: record({ from: optional(isDay), to: optional(isDay) }),
  filter: list(
    record({
      field: oneOf("payee", "category", "direction", "amount", "status"),
      op: oneOf("is", "contains", "at-least", "at-most"),
      value: text,
    }),
  ),
  matched: count,
  suppressed: count,
  rounding: optional(isStep),
  gaps: optional(list(record({ from: isDay, to: isDay }))),
});

function selection(value) {
  const read = selectionShape(value);
  const { from, to } = read.window;
  need(!from || !to || from <= to, "a window that ends before it begins");
  need(read.suppressed <= read.matched, "more rows held back than matched");
  // Gaps are in order, apart and inside the window; two that touch would be one.
  let free = from ?? "";
  for (const gap of read.gaps ?? []) {
    need(gap.from <= gap.to && gap.from >= free && (!to || gap.to <= to), "gaps out of order or outside the window");
    free = dayOf(dayNumber(gap.to) + 2);
  }
  return read;
}

function evidence(value) {
  const read = record({
    grade: oneOf("self-asserted", "derived-from-imported-statement"),
    statements: list(record({ sha256: isDigest, format: text })),
  })(value);
  const names = read.statements.map((statement) => `${statement.sha256} ${statement.format}`);
  need(read.grade === "self-asserted" || names.length, "derived from statements, but none is named");
  need(names.every((name, at) => !at || names[at - 1] < name), "statements out of order or named twice");
  return read;
}

const label = record({
  Nickname: optional(text),
  Identification: optional(matching(/^••••([\p{Alphabetic}\p{N}]{4})?$/u)),
});
const balanceType = oneOf("ClosingBooked", "InterimBooked", "ClosingAvailable", "InterimAvailable");

function rounded(amount, { rounding }) {
  need(!rounding || rounding.unit === amount.unit, "rounded in another currency");
  need(!rounding || amount.minor % rounding.minor === 0n, "an amount that is not rounded as stated");
}

// Facts that rest on no rows say nothing of a selection.
function noRows({ selection: { window, filter, matched, rounding, gaps } }) {
  need(!window.from && !window.to && !filter.length && !matched && !rounding && !gaps, "it rests on rows");
}

function windowDays({ window: { from, to } }) {
  need(from && to, "no window");
  return dayNumber(to) - dayNumber(from) + 1;
}

export const daysOf = (spans) => spans.reduce((days, span) => days + dayNumber(span.to) - dayNumber(span.from) + 1, 0);

// The periods that a window falls into, first and last cut to it.
function* periods(kind, from, to) {
  const months = { month: 1, quarter: 3, year: 12 }[kind];
  for (let begin = from; begin <= to; ) {
    const [year, month] = begin.split("-").map(Number);
    const next = months ? Math.floor((month - 1) / months) * months + months : 0;
    const date = new Date(0);
    date.setUTCFullYear(year, next, 0);
    const last = dayOf(date.getTime() / 86400000);
    const end = months && last < to ? last : to;
    yield { from: begin, to: end };
    if (end === LAST_DAY) return;
    begin = dayOf(dayNumber(end) + 1);
  }
}

function checkBalance({ Balance: balance, selection: how }) {
  need(how.window.to === balance.DateTime, "a balance whose window does not end on its day");
  balance.amount = signed(balance);
  rounded(balance.amount, how);
}

function checkRange({ Range: range, selection: how }) {
  need(how.window.to === range.DateTime, "a balance whose window does not end on its day");
  need(range.AtLeast.unit === range.Below.unit && range.AtLeast.minor < range.Below.minor, "a range that holds nothing");
  need(!how.rounding, "a range that is rounded");
}

function checkThreshold({ Threshold: asked, selection: how }) {
  asked.amount = signed(asked);
  const [days, known] = [Number(asked.window_days), Number(asked.days_with_data)];
  need(days === windowDays(how), "a window that has not as many days as stated");
  need(asked.measure !== "closing" || days === 1, "the balance of one day over several");
  need(known > 0 && known <= days, "a threshold on no day, or on more days than there are");
  need(!how.gaps || days - known === daysOf(how.gaps), "gaps that do not account for the days without data");
  need(!how.rounding && !how.suppressed, "a threshold that is rounded or holds rows back");
}

function checkTotals({ Totals: totals, selection: how }) {
  windowDays(how);
  const { Period: parts, by, min_rows: least } = totals;
  let at = 0;
  for (const { from, to } of periods(totals.period, how.window.from, how.window.to)) {
    need(parts[at]?.from === from && parts[at]?.to === to, "periods that are not those of the window");
    at += 1;
  }
  need(at === parts.length, "periods that are not those of the window");
  need(least > 0n && (by === "payee" || !totals.Counterparties), "totals of no rows, or a form of payees where none are");
  let [shown, cells, units] = [0n, 0n, new Set()];
  for (const part of parts) {
    shown += checkPeriod(part, totals, how, units);
    cells += part.suppressed_cells;
  }
  need(shown + how.suppressed === how.matched, "the rows are not as many as matched");
  need(!cells === !how.suppressed && cells <= how.suppressed, "rows held back without a cell, or a cell without rows");
  need(units.size <= 1, "totals in several currencies");
}

// Checks one period; gives its rows and notes its currencies.
function checkPeriod(part, { by, min_rows: least, Counterparties: form }, how, units) {
  let [shown, sum] = [0n, 0n];
  const groups = new Set();
  for (const cell of part.Total) {
    cell.amount = signed(cell);
    need(!groups.has(cell.group), "a group that is there twice");
    need(cell.count >= least, "a cell of too few rows");
    const flows = { income: cell.amount.minor >= 0n, spending: cell.amount.minor <= 0n };
    need(by !== "flow" || (Object.hasOwn(flows, cell.group) && flows[cell.group]), "a group that does not fit its kind");
    need(by !== "payee" || cell.group === undefined || PAYEES[form](cell.group), "a group that does not fit its kind");
    rounded(cell.amount, how);
    groups.add(cell.group);
    units.add(cell.amount.unit);
    shown += cell.count;
    sum += cell.amount.minor;
  }
  if (part.Whole) {
    const { Whole: all, suppressed_cells: cells } = part;
    all.amount = signed(all);
    rounded(all.amount, how);
    units.add(all.amount.unit);
    const rest = all.count - shown;
    need(rest >= 0n && (cells || !rest), "a whole that is not its parts");
    need(cells || how.rounding || sum === all.amount.minor, "a whole that is not its parts");
    need(!cells || (cells > 1n && rest >= least), "a cell held back that can be worked out");
  }
  return shown;
}

export function checkRows({ Transaction: rows, Counterparties: form, selection: how, withheld }) {
  need(BigInt(rows.length + withheld) + how.suppressed === how.matched, "the rows are not as many as matched");
  for (const row of rows) {
    const { BookingDateTime: day, TransactionInformation: payee } = row;
    need(Object.values(row).some((member) => member !== undefined), "a row with no field");
    need(!row.Amount === !row.CreditDebitIndicator, "an amount without its side, or a side without its amount");
    need(!day || (day >= (how.window.from ?? "") && day <= (how.window.to ?? LAST_DAY)), "a row outside its window");
    need(payee === undefined || PAYEES[form](payee), "a payee that is not hidden as stated");
    if (row.Amount) rounded((row.amount = signed(row)), how);
  }
}

// ISO 13616: country and check digits moved to the end, letters as 10 to 35, the whole is 1 modulo 97.
function isIban(number) {
  const moved = number.slice(4) + number.slice(0, 4);
  return /^[A-Z]{2}\d\d[A-Z0-9]{11,30}$/.test(number) && BigInt(moved.replace(/[A-Z]/g, (c) => c.charCodeAt(0) - 55)) % 97n === 1n;
}

function checkAccount(fact) {
  const details = fact.Details;
  noRows(fact);
  need([...Object.values(details), ...Object.values(fact.Account)].some((value) => value !== undefined), "an account of which nothing is said");
  for (const name of ["Business", "Email", "Phone", "Address", "TaxId"]) {
    need(details[name]?.trim() !== "", "a particular of the holder that says nothing");
  }
  const { Number: number, Scheme: scheme } = details;
  if (number === undefined) return need(!scheme, "the scheme of a number that is not there");
  const electronic = number.replace(/\s/g, "").replace(/[a-z]/g, (c) => c.toUpperCase());
  if (isIban(electronic)) return need(number === electronic && scheme, "an account number of another form or scheme");
  const length = [...number].length;
  need(!scheme && number.trim() === number && length <= 64 && /[0-9]/.test(number), "not an account number");
}

const words = (...names) => Object.fromEntries(names.map((name) => [name, optional(text)]));

// Each kind: the members beside those that all have, and the rules among them.
const FACTS = {
  balance: [
    { Account: label, Balance: record({ Type: balanceType, DateTime: isDay, CreditDebitIndicator: isSide, Amount: isAmount }) },
    checkBalance,
  ],
  "balance-range": [
    { Account: label, Range: record({ Type: balanceType, DateTime: isDay, AtLeast: isSigned, Below: isSigned }) },
    checkRange,
  ],
  "balance-threshold": [
    {
      Account: label,
      Threshold: record({
        op: oneOf("at-least", "at-most"),
        CreditDebitIndicator: isSide,
        Amount: isAmount,
        measure: oneOf("closing", "every-day", "average"),
        window_days: small,
        days_with_data: small,
        result: flag,
      }),
    },
    checkThreshold,
  ],
  "totals-by-period": [
    {
      Account: label,
      Totals: record({
        period: oneOf("month", "quarter", "year", "window"),
        by: oneOf("flow", "category", "payee"),
        Counterparties: hidden,
        min_rows: count,
        Period: list(
          record({
            from: isDay,
            to: isDay,
            Total: list(record({ group: optional(text), count, CreditDebitIndicator: isSide, Amount: isAmount })),
            suppressed_cells: count,
            Whole: optional(record({ count, CreditDebitIndicator: isSide, Amount: isAmount })),
          }),
        ),
      }),
    },
    checkTotals,
  ],
  transactions: [
    { Account: label, Counterparties: hidden, Transaction: list(record({ "...": text })) },
    () => {},
  ],
  account: [
    {
      Account: label,
      Details: record({
        ...words("Holder", "Institution", "Number", "Business", "Email", "Phone", "Address", "TaxId"),
        Scheme: optional(oneOf("IBAN")),
        AccountKind: optional(oneOf("checking", "savings", "cash", "credit-card", "loan", "mortgage", "investment", "other")),
        Currency: optional(isCurrency),
        KnownSince: optional(isDay),
      }),
    },
    checkAccount,
  ],
  document: [
    {
      Document: record({
        sha256: isDigest,
        media_type: matching(/^[a-z0-9][a-z0-9.+_-]{0,126}\/[a-z0-9][a-z0-9.+_-]{0,126}$/),
        filename: optional((name) => {
          const length = utf8(text(name)).length;
          need(length >= 1 && length <= 255 && !/[/\\]|^\.\.?$/.test(name), "a file name that is too long, or with a folder");
          return name;
        }),
      }),
    },
    noRows,
  ],
};

export const isRow = record({
  TransactionId: optional(text),
  BookingDateTime: optional(isDay),
  Amount: optional(isAmount),
  CreditDebitIndicator: optional(isSide),
  Status: optional(oneOf("Booked", "Pending")),
  TransactionInformation: optional(text),
});

export function readFact(value) {
  const [members, check] = FACTS[oneOf(...Object.keys(FACTS))(value?.kind)];
  const fact = record({ kind: text, selection, evidence, ...members })(value);
  check(fact);
  return fact;
}
