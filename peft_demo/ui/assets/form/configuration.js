// The configuration on its way in and out of the form: address, script, notebook, table of methods.

import { ask, tell } from "../gradio.js";
import { save, whenPressed } from "../lib/dom.js";
import { _ } from "../lib/texts.js";
import { isOn as isPresented } from "../present.js";
import * as rows from "./rows.js";

let isTouched = false;

export const link = () => document.querySelector(".pd-brief[data-link]")?.dataset.link;

export function start() {
  // The address follows the form only once a person has changed something.
  for (const kind of ["input", "click", "keydown"]) document.addEventListener(kind, touch, true);
  whenPressed("data-code", take);
  whenPressed("data-before", values => tell("undone", { values: JSON.parse(values) }));
  whenPressed("data-rate", (rate, button) => {
    tell("rated", { rate });
    button.closest("dialog").close();
  });
}

function touch({ isTrusted, target }) {
  if (isTrusted && target.closest?.("#sidebar, #gallery, dialog")) isTouched = true;
}

// Called when the counts follow the form.
export function previewed() {
  rows.follow();
  if (isTouched && link() !== undefined)
    history.replaceState(null, "", `?${link()}${isPresented ? "&present=1" : ""}`);
}

async function take(kind, button) {
  const run_id = button.dataset.run;
  if (kind === "link") return copy(button, `?${link() || ""}`);
  const answer = await ask("code", { kind, run_id, link: run_id ? undefined : link() });
  if (!answer || answer.error) return say(button, answer ? answer.error : _("No connection"));
  save(answer.name, answer.text, "text/plain");
  say(button, _("Saved"));
}

export async function copy(button, query) {
  const address = `${location.origin}${location.pathname}${query}`;
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
function say(button, text) {
  button.dataset.before ||= button.textContent;
  button.textContent = text;
  setTimeout(() => {
    button.textContent = button.dataset.before;
  }, 2500);
}

export function gallery(element, pick) {
  element.addEventListener("click", event => {
    const button = event.target.closest(".pd-pick");
    if (!button) return;
    isTouched = true;
    pick({ method: button.dataset.method });
    document.querySelector("#about")?.scrollIntoView({ behavior: "smooth", block: "start" });
  });
}
