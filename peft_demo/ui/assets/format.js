// How values read, wherever they stand on the page.
window.PeftFormat = (() => {
  "use strict";

  const STATES = {
    queued: "waiting", running: "running", completed: "done",
    failed: "failed", cancelled: "stopped", interrupted: "interrupted",
  };

  const whole = (number) => Math.round(number).toLocaleString("en");
  const bytes = (n) => n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(n / 1e3))} kB`;
  const seconds = (time) => {
    const s = Math.max(0, Math.round(time));
    if (s < 60) return `${s} s`;
    return s < 3600 ? `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s` : `${(s / 3600).toFixed(1)} h`;
  };

  // Near days by their time too; far ones by their year.
  function when(iso) {
    const date = new Date(iso), age = Date.now() - date;
    const day = { day: "numeric", month: "short" }, time = { hour: "2-digit", minute: "2-digit" };
    return date.toLocaleString("en-GB", age < 300 * 864e5 ? { ...day, ...time } : { ...day, year: "numeric" });
  }

  function save(name, text, type) {
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(new Blob([text], { type }));
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
  }

  return { STATES, whole, bytes, seconds, when, save };
})();
