// How values read, wherever they stand on the page.

export const STATES = {
  queued: "waiting",
  running: "running",
  completed: "done",
  failed: "failed",
  cancelled: "stopped",
  interrupted: "interrupted",
};

export const whole = number => Math.round(number).toLocaleString("en");

export const percent = share => `${(100 * share).toFixed(1)}\u00a0%`;

export const between = ({ low, high }) => `${percent(low)} to ${percent(high)}`;

export const counted = (number, noun) => `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;

export const bytes = number =>
  number >= 1e6
    ? `${(number / 1e6).toFixed(1)}\u00a0MB`
    : `${Math.max(1, Math.round(number / 1e3))}\u00a0kB`;

export function seconds(time) {
  const s = Math.max(0, Math.round(time));
  if (s < 60) return `${s} s`;
  if (s >= 3600) return `${(s / 3600).toFixed(1)} h`;
  return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
}

// Near days by their time too; far ones by their year.
export function when(iso, now = Date.now()) {
  const date = new Date(iso);
  const isNear = now - date < 300 * 864e5;
  const more = isNear ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric" };
  return date.toLocaleString("en-GB", { day: "numeric", month: "short", ...more });
}

// A measured value with the unit that the server names.
export function measured(value, unit) {
  if (unit === "share") return percent(value);
  if (unit === "bytes") return bytes(value);
  if (unit === "nats") return `${value.toFixed(3)}\u00a0nats`;
  if (unit === "parameters") return whole(value);
  if (unit !== "seconds") return `${value.toPrecision(3)}\u00a0ms`;
  if (value >= 90) return `${(value / 60).toFixed(1)}\u00a0min`;
  return `${value.toFixed(value < 10 ? 1 : 0)}\u00a0s`;
}

// The same at an axis, whose title names the unit.
export function tick(value, unit) {
  const two = number => String(Number(number.toPrecision(2)));
  if (unit === "bytes") return two(value / 1e6);
  if (unit !== "parameters") return two(value);
  if (value >= 1e6) return `${two(value / 1e6)} M`;
  return value >= 1e3 ? `${two(value / 1e3)} k` : String(value);
}
