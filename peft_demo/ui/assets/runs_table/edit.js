// Name, tags and note of a run, and tags of several, in a dialog.

import { ask, NO_CONNECTION } from "../gradio.js";
import { openDialog } from "../lib/dom.js";
import { counted } from "../lib/format.js";
import { html } from "../lib/html.js";
import * as runs from "../runs.js";
import { act, own } from "./actions.js";

const FIELDS = {
  name: {
    label: "Name",
    help: "At most 80 characters; left empty, the run is named after its settings.",
  },
  tags: { label: "Tags", help: "At most 10, with commas between them." },
  note: { label: "Note", help: "At most 2,000 characters.", isLong: true },
};

export function start() {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-edit]");
    if (!button) return;
    button.closest("dialog")?.close();
    edit(button.dataset.edit);
  });
}

function edit(run_id) {
  const run = runs.get(run_id);
  if (!run) return;
  const values = { name: run.name, tags: run.tags.join(", "), note: run.note };
  form(`Edit ${run.name}`, values, async changes => {
    const problems = await ask("annotate", { run_id, ...changes });
    runs.poll();
    return problems ?? { "": NO_CONNECTION };
  });
}

export function tag(ids) {
  const run_ids = own(ids);
  form(`Tag ${counted(run_ids.length, "run")}`, { tags: "" }, async ({ tags }) => {
    const problem = await act("tag", run_ids, { tags });
    return problem ? { tags: problem } : {};
  });
}

// Asks for some fields; `save` answers the sentence of each that is refused.
function form(title, values, save) {
  const names = Object.keys(values);
  const dialog = openDialog(
    "pd-dialog pd-edit",
    html`<form novalidate><h2 id="pd-edit-title">${title}</h2>${names.map(control)}
      <p class="pd-field-problem" id="pd-edit--problem" role="alert"></p>
      <div class="pd-actions"><button class="pd-button pd-primary">Save</button>
      <button type="button" class="pd-button" data-close>Cancel</button></div></form>`,
  );
  dialog.setAttribute("aria-labelledby", "pd-edit-title");
  const field = name => dialog.querySelector(`#pd-edit-${name}`);
  for (const name of names) field(name).value = values[name];
  dialog.addEventListener("submit", async event => {
    event.preventDefault();
    const button = dialog.querySelector(".pd-primary");
    button.disabled = true;
    const problems = await save(Object.fromEntries(names.map(name => [name, field(name).value])));
    button.disabled = false;
    if (!Object.keys(problems).length) return dialog.close();
    for (const name of ["", ...names]) field(`${name}-problem`).textContent = problems[name] || "";
    for (const name of names) field(name).setAttribute("aria-invalid", name in problems);
    const first = names.find(name => problems[name]);
    if (first) field(first).focus();
  });
  dialog.showModal();
}

function control(name) {
  const { label, help, isLong } = FIELDS[name];
  const id = `pd-edit-${name}`;
  const described = `${id}-help ${id}-problem`;
  const input = html`<input type="text" autocomplete="off" id="${id}" aria-describedby="${described}"`;
  return html`<div class="pd-edit-field"><label for="${id}">${label}</label>
    ${isLong ? html`<textarea rows="4" id="${id}" aria-describedby="${described}"></textarea>` : html`${input} ${name === "tags" && html`list="pd-known-tags"`}>`}
    ${name === "tags" && html`<datalist id="pd-known-tags">${knownTags().map(known => html`<option value="${known}">`)}</datalist>`}
    <p class="pd-quiet" id="${id}-help">${help}</p>
    <p class="pd-field-problem" id="${id}-problem" role="alert"></p></div>`;
}

const knownTags = () => [...new Set(runs.all().flatMap(run => run.tags))].sort();
