// Links to the page on the clipboard, and what a button says once it was pressed.

import { _ } from "./lib/texts.js";

export async function copy(button, query) {
  const address = location.origin + location.pathname + (query[0] === "#" ? query : `?${query}`);
  try {
    await navigator.clipboard.writeText(address);
    say(button, _("Copied"));
  } catch {
    // Without https a browser gives no clipboard; the address bar has the link as well.
    history.replaceState(null, "", address);
    say(button, _("It is in the address bar"));
  }
}

// A button's answer stands on it for a while.
export function say(button, text) {
  button.dataset.before ||= button.textContent;
  button.textContent = text;
  setTimeout(() => {
    button.textContent = button.dataset.before;
  }, 2500);
}
