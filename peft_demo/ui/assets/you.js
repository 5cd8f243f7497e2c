// Who one is: a panel in the bar, which the server writes.

import { call } from "./gradio.js";
import { restart } from "./runs.js";

async function ask(panel, name, request) {
  panel.innerHTML = (await call(name, request)) ?? panel.innerHTML;
  panel.focus();
}

export function show(header) {
  const panel = header.querySelector("#pd-you");
  panel.addEventListener("toggle", ({ newState }) => newState === "open" && ask(panel, "you"));
  panel.addEventListener("submit", async event => {
    event.preventDefault();
    const form = event.target;
    await ask(panel, form.dataset.ask, Object.fromEntries(new FormData(form)));
    restart();
  });
}
