// Dark or light: as the system has it, until a person has chosen.

const KEPT = "peft-demo-dark";
const followers = [];

// Calls `listener` when colours have changed: figures are drawn in them.
export const follow = listener => followers.push(listener);

export function restore() {
  const kept = localStorage.getItem(KEPT);
  if (kept !== null) document.body.classList.toggle("dark", kept === "1");
}

export function toggle() {
  const isDark = document.body.classList.toggle("dark");
  localStorage.setItem(KEPT, isDark ? "1" : "0");
  for (const listener of followers) listener();
}
