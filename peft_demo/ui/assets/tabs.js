// The tabs by keys, as the WAI-ARIA pattern has them; Gradio opens them on clicks only.

const TABS = "#tabs [role=tab]";

export const all = () => [...document.querySelectorAll(TABS)];

export function start() {
  document.addEventListener("keydown", move);
  for (const kind of ["focusin", "click"]) document.addEventListener(kind, () => setTimeout(rove));
}

function move(event) {
  if (!event.target.matches?.(TABS)) return;
  const tabs = all();
  const at = tabs.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const tab = tabs.at(to % tabs.length);
  tab.focus();
  tab.click();
}

// Tab reaches the open one only, and leaves from it to what it shows.
function rove() {
  for (const tab of all()) tab.tabIndex = tab.ariaSelected === "true" ? 0 : -1;
}

// Past bar and tabs.
export function skip(event) {
  event.preventDefault();
  const panels = document.querySelectorAll("#tabs > [role=tabpanel]");
  const panel = [...panels].find(each => each.checkVisibility());
  panel.tabIndex = -1;
  panel.focus();
}
