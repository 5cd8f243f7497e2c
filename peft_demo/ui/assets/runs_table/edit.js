// Name, tags and note of a run, and tags of several, in a dialog.

import { ask, noAnswer } from "../gradio.js";
import { openDialog, whenPressed } from "../lib/dom.js";
import { html } from "../lib/html.js";
import { _, runsIn } from "../lib/texts.js";
import * as runs from "../runs.js";
import { act, own } from "./actions.js";

export function start() {
  whenPressed("data-edit", (id, button) => {
    button.closest("dialog")?.close();
    edit(id);
  });
}

function edit(run_id) {
  const run = runs.get(run_id);
  if (!run) return;
  const values = { name: run.name, tags: run.tags.join(", "), note: run.note };
  form(_("Edit %(name)s", run), values, async changes => {
    const problems = await ask("annotate", { run_id, ...changes });
    runs.poll();
    return problems ?? { "": noAnswer };
  });
}

export function tag(ids) {
  const run_ids = own(ids);
  form(_("Tag %(what)s", { what: runsIn(run_ids) }), { tags: "" }, async ({ tags }) => {
    const problem = await act("tag", run_ids, { tags });
    return problem ? { tags: problem } : {};
  });
}

// Asks for some fields; `save` answers the sentence of each that is refused.
function form(title, values, save) {
  const dialog = openDialog("pd-dialog pd-edit", document.querySelector("#pd-edit").innerHTML);
  const { elements } = dialog.querySelector("form");
  const names = Object.keys(values);
  dialog.setAttribute("aria-labelledby", "pd-edit-title");
  dialog.querySelector("h2").textContent = title;
  const tags = [...new Set(runs.all().flatMap(each => each.tags))].sort();
  dialog.querySelector("datalist").innerHTML =
    html`${tags.map(tag => html`<option value="${tag}">`)}`;
  for (const block of dialog.querySelectorAll("[data-field]")) {
    const name = block.dataset.field;
    if (names.includes(name)) elements[name].value = values[name];
    else block.remove();
  }
  const tell = problems => {
    for (const name of ["", ...names]) {
      dialog.querySelector(`#pd-edit-${name}-problem`).textContent = problems[name] || "";
      elements[name]?.setAttribute("aria-invalid", name in problems);
    }
  };
  dialog.addEventListener("submit", async event => {
    event.preventDefault();
    elements.save.disabled = true;
    tell({});
    const problems = await save(Object.fromEntries(new FormData(event.target)));
    elements.save.disabled = false;
    if (!Object.keys(problems).length) return dialog.close();
    tell(problems);
    const first = names.find(name => problems[name]);
    if (first) elements[first].focus();
  });
  dialog.showModal();
}
