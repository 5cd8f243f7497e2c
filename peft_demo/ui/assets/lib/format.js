// How values read, wherever they stand on the page; numbers as peft_demo/formats.py writes them, with
// no break before their unit.

export const STATES = {
  queued: "waiting",
  running: "running",
  completed: "done",
  failed: "failed",
  cancelled: "stopped",
  interrupted: "interrupted",
};

// With so many digits after the point, and commas between thousands. Not toLocaleString, which
// rounds the decimal that a number is written as, and not the number.
const fixed = (value, digits) => value.toFixed(digits).replace(/\B(?<!\.\d*)(?=(\d{3})+\b)/g, ",");
const united = (value, digits, unit) => `${fixed(value, digits)}\u00a0${unit}`;

export const whole = count => fixed(count, 0);
export const counted = (count, noun) => `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
export const percent = share => united(100 * share, 1, "%");
export const score = value => fixed(value, 3);
export const between = ({ low, high }) => `${percent(low)} to ${percent(high)}`;

// The value of a setting.
export function number(value) {
  if (Number.isInteger(value) || Math.abs(value) >= 1e6) return whole(value);
  const six = Number(value.toPrecision(6));
  return Math.abs(six) < 1e-4 ? six.toExponential() : String(six);
}

export function size(count) {
  if (count >= 1e9) return united(count / 1e9, 1, "GB");
  return count >= 1e6 ? united(count / 1e6, 1, "MB") : united(Math.max(1, count / 1e3), 0, "kB");
}

// A measured time.
export function seconds(time) {
  if (time < 90) return united(time, time < 10 ? 1 : 0, "s");
  return time < 5400 ? united(time / 60, 1, "min") : united(time / 3600, 1, "h");
}

// Near days by their time too; far ones by their year.
export function when(iso, now = Date.now()) {
  const date = new Date(iso);
  const isNear = now - date < 300 * 864e5;
  const more = isNear ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric" };
  return date.toLocaleString("en-GB", { day: "numeric", month: "short", ...more });
}
