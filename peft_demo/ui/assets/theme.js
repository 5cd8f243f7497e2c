// Dark or light: as the system has it, until a person has chosen.

const KEPT = "peft-demo-dark";
const followers = [];

// Calls `listener` when colours have changed: figures are drawn in them.
export const follow = listener => followers.push(listener);

function changed() {
  for (const listener of followers) listener();
}

function restore() {
  const kept = localStorage.getItem(KEPT);
  if (kept !== null) document.body.classList.toggle("dark", kept === "1");
}

function follows() {
  restore();
  changed();
}

export function start() {
  restore();
  // The system may turn dark in the evening: once Gradio has followed it, figures do.
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", () => setTimeout(follows));
}

export function toggle() {
  const isDark = document.body.classList.toggle("dark");
  localStorage.setItem(KEPT, isDark ? "1" : "0");
  changed();
}
