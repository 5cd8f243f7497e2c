// The teacher's link: what is ticked, as a query that the server has checked.

import { copy, link } from "../form/configuration.js";
import { ask } from "../gradio.js";
import { setText, whenPressed } from "../lib/dom.js";

let query = "";

export function start() {
  document.addEventListener("change", ({ target }) => {
    const form = target.closest?.(".pd-maker");
    if (form) make(form);
  });
  whenPressed("data-copy-made", async (__, button) => {
    await make(button.form);
    if (query) copy(button, `?${query}`);
  });
}

const unticked = (form, name) =>
  [...form.querySelectorAll(`[name=${name}]:not(:checked)`)].map(box => box.value);

async function make(form) {
  const answer = await ask("lesson_link", {
    lesson: form.elements.lesson.value,
    hide: unticked(form, "show"),
    fix: unticked(form, "change"),
    form: form.elements.values.checked ? (link() ?? "") : "",
  });
  query = answer?.query ?? "";
  setText(form.querySelector(".pd-problem"), answer?.error ?? "");
  form.querySelector(".pd-made").value = query && `${location.origin}${location.pathname}?${query}`;
}
