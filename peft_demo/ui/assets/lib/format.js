// How values read, wherever they stand on the page; numbers as peft_demo/formats.py writes them, with
// no break before their unit.

import { locale } from "./catalogue.js";

// With so many digits after the point, and commas between thousands. Not toLocaleString, which
// rounds the decimal that a number is written as, and not the number.
const fixed = (value, digits) => value.toFixed(digits).replace(/\B(?<!\.\d*)(?=(\d{3})+\b)/g, ",");
const united = (value, digits, unit) => `${fixed(value, digits)}\u00a0${unit}`;

export const whole = count => fixed(count, 0);
export const percent = share => united(100 * share, 1, "%");
export const score = value => fixed(value, 3);

// Near days by their time too; far ones by their year.
export function when(iso, now = Date.now()) {
  const date = new Date(iso);
  const isNear = now - date < 300 * 864e5;
  const more = isNear ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric" };
  return date.toLocaleString(locale, { day: "numeric", month: "short", ...more });
}
