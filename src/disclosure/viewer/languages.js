// Saying what the page says in the reader's language. English is complete; where another lacks a text, English stands in.
// Amounts and dates follow the reader's own locale, with the code of ISO 4217 and the day of ISO 8601 beside them.

import { data } from "./texts.js";

export const LANGUAGES = { en: "English", de: "Deutsch", fr: "Français", es: "Español" };

let texts;
let language = "en";
let locale = "en";
let formats = {};

// Has to be called before anything is said.
export async function learn() {
  texts = await data();
}

// Speaks a language; numbers and dates as the reader's own locale has them, where that is of this language.
export function speak(code) {
  language = code;
  locale = navigator.languages.find((tag) => tag.split("-")[0] === code) ?? code;
  formats = {};
  document.documentElement.lang = code;
}

// The first of the reader's languages that the page has.
export function preferred() {
  return navigator.languages.map((tag) => tag.split("-")[0]).find((code) => code in LANGUAGES) ?? "en";
}

export const spoken = () => language;

export function say(key, ...values) {
  const said = texts[key];
  return (said[Object.keys(LANGUAGES).indexOf(language)] ?? said[0]).replace(/\{(\d)\}/g, (_, at) => values[at]);
}

function format(name, make) {
  return (formats[name] ??= make());
}

// A decimal text in the reader's digits and marks, to the last digit.
export function number(decimal, digits) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return format("n" + digits, () => new Intl.NumberFormat(locale, options)).format(decimal);
}

export const money = (amount) => `${number(amount.decimal, amount.digits)}\u00a0${amount.code}`;
export const compact = (value) => format("c", () => new Intl.NumberFormat(locale, { notation: "compact" })).format(value);

// A stretch of days; `to` may be the same day.
export function daysText(from, to) {
  const days = format("d", () => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" }));
  return days.formatRange(new Date(from), new Date(to));
}

export function momentText(seconds) {
  const options = { dateStyle: "medium", timeStyle: "short" };
  return format("m", () => new Intl.DateTimeFormat(locale, options)).format(new Date(seconds * 1000));
}

// In how much time, in the largest whole unit but one: "in 47 hours".
export function timeLeft(seconds) {
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? units[3];
  return format("r", () => new Intl.RelativeTimeFormat(locale)).format(Math.floor(seconds / size), unit);
}
