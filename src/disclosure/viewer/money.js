// Days and amounts: one text for each value, and no other text is read. An amount is a BigInt in minor units.

import { invalid, need } from "./bytes.js";
import { text, oneOf, matching, record } from "./json.js";

// ISO 4217 by the decimal digits of its minor units.
const CURRENCIES = {};
for (const [digits, codes] of Object.entries({
  0: "BEF BIF BYR CLP DJF ESP GNF GRD ISK ITL JPY KMF KRW LUF PTE PYG RWF UGX UYI VND VUV XAF XOF XPF",
  2: "AED AFN ALL AMD ANG AOA ARS ATS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DEM DKK DOP DZD EEK EGP ERN ETB EUR FIM FJD FKP FRF GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR IEP ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL LTL LVL MAD MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NLG NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SKK SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VEF VES WST XAD XCD XCG YER ZAR ZMK ZMW ZWG ZWL",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
})) {
  for (const code of codes.split(" ")) CURRENCIES[code] = Number(digits);
}
export const LAST_DAY = "9999-12-31";

export function isDay(value) {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text(value)) ?? invalid("not a day");
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  need(day >= 1 && day <= days, "not a day");
  return value;
}

// The number of a day, counted from 1970-01-01; years before 100 need the long way round.
export function dayNumber(day) {
  const date = new Date(0);
  date.setUTCFullYear(...day.split("-").map((part, index) => part - (index === 1)));
  return Math.round(date.getTime() / 86400000);
}

export function dayOf(number) {
  return new Date(Math.min(number, dayNumber(LAST_DAY)) * 86400000).toISOString().slice(0, 10);
}

export const isSide = oneOf("Credit", "Debit");
const isCommodity = (code) => /^[A-Za-z0-9._-]{1,12}$/.test(code);

// Whether a code is one of ISO 4217, whatever its case: then it has to be written in capitals.
const isoCode = (code) => [code.trim().toUpperCase()].find((upper) => Object.hasOwn(CURRENCIES, upper));

export function isCurrency(code) {
  const iso = isoCode(text(code));
  need(iso ? iso === code : isCommodity(code), "not a currency");
  return code;
}

export const isAmount = record({ Amount: matching(/^(0|[1-9]\d{0,29})(\.\d{1,9})?$/), Currency: isCurrency });

// Side and size as one signed amount. `unit` tells currencies apart: code and digits.
export function join(amount, side) {
  const [units, fraction = ""] = amount.Amount.split(".");
  const iso = isoCode(amount.Currency);
  need(!iso || CURRENCIES[iso] === fraction.length, "an amount with other digits than its currency has");
  const size = BigInt(units + fraction);
  const minor = side === "Debit" ? -size : size;
  need(BigInt.asIntN(64, minor) === minor && (size || side !== "Debit"), "an amount out of range, or minus zero");
  const decimal = (side === "Debit" ? "-" : "") + amount.Amount;
  return { minor, decimal, code: amount.Currency, digits: fraction.length, unit: `${amount.Currency}/${fraction.length}` };
}

export const signed = (value) => join(value.Amount, value.CreditDebitIndicator);
export const isSigned = (value) => signed(record({ Amount: isAmount, CreditDebitIndicator: isSide })(value));
export const isStep = (value) => {
  const step = join(isAmount(value), "Credit");
  need(step.minor > 0n, "not a positive amount");
  return step;
};
