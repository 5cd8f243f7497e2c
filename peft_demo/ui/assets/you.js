// Who one is: a panel in the bar, which the server writes.

import { call } from "./gradio.js";
import { poll } from "./runs.js";

async function ask(name, request) {
  const html = await call(name, request);
  if (html) document.getElementById("pd-you").innerHTML = html;
}

export function start() {
  const onToggle = ({ target, newState }) =>
    target.id === "pd-you" && newState === "open" && ask("you");
  // It does not bubble.
  document.addEventListener("toggle", onToggle, true);
  document.addEventListener("submit", async event => {
    const form = event.target;
    if (!form.matches("#pd-you form")) return;
    event.preventDefault();
    await ask(form.dataset.ask, Object.fromEntries(new FormData(form)));
    poll();
  });
}
