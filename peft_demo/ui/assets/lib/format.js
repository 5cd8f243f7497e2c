// How values read on the page: as peft_demo/formats.py writes them, with no break before their unit.

import { locale } from "./catalogue.js";

// In the language's signs. Given the number, Intl would round the decimal that it is written as.
const fixed = (value, digits) =>
  new Intl.NumberFormat(locale, { minimumFractionDigits: digits }).format(value.toFixed(digits));
const united = (value, digits, unit) => `${fixed(value, digits)}\u00a0${unit}`;

export const whole = count => fixed(count, 0);
export const percent = share => united(100 * share, 1, "%");
export const score = value => fixed(value, 3);
export const [thousands, point] = score(1234).replace(/\d/g, "");

// Near days by their time too; far ones by their year.
export function when(iso, now = Date.now()) {
  const date = new Date(iso);
  const isNear = now - date < 300 * 864e5;
  const more = isNear ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric" };
  return date.toLocaleString(locale, { day: "numeric", month: "short", ...more });
}
