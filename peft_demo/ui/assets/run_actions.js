// What can be done to runs: rename, tag, note, star, delete with a way back, download.
window.PeftRunActions = (() => {
  "use strict";

  const { escape } = window.PeftCharts;
  const TOAST_MS = 10_000;
  const NO_CONNECTION = "No connection to the server: nothing was changed.";

  // Gives the runs and the server; set once the page is there.
  let host = null;

  function start(itsHost) {
    if (host) return;
    host = itsHost;
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-edit]");
      if (!button) return;
      button.closest("dialog")?.close();
      edit(button.dataset.edit);
    });
  }

  const runs = (count) => count === 1 ? "1 run" : `${count} runs`;
  const own = (ids) => ids.filter((id) => host.run(id) && !host.run(id).reference);

  async function act(action, run_ids, more = {}) {
    const problem = await host.server().act({ action, run_ids, ...more });
    host.poll();
    return problem === undefined ? NO_CONNECTION : problem;
  }

  async function star(ids, isStarred) {
    const problem = await act(isStarred ? "star" : "unstar", own(ids));
    if (problem) toast(problem, { isProblem: true });
  }

  async function remove(ids) {
    const run_ids = own(ids);
    const what = run_ids.length === 1 ? host.run(run_ids[0]).name : runs(run_ids.length);
    const problem = await act("delete", run_ids);
    if (problem) return toast(problem, { isProblem: true });
    toast(`Deleted ${what}.`, { undo: () => restore(run_ids) });
  }

  async function restore(run_ids) {
    const problem = await act("restore", run_ids);
    toast(problem || `${runs(run_ids.length)} restored.`, { isProblem: Boolean(problem) });
  }

  // The CSV begins with a byte order mark, by which spreadsheets know UTF-8.
  async function download(run_ids, kind) {
    const text = await host.server().records({ run_ids, kind });
    if (text === undefined) return toast(NO_CONNECTION, { isProblem: true });
    if (text.startsWith('{"error"')) return toast(JSON.parse(text).error, { isProblem: true });
    const isCsv = kind === "csv";
    PeftFormat.save(`runs.${kind}`, isCsv ? `\ufeff${text}` : text, isCsv ? "text/csv" : "application/json");
    toast(`Saved ${runs(run_ids.length)} as runs.${kind}.`);
  }

  // -- messages ------------------------------------------------------------------------------

  function toast(text, { undo, isProblem = false } = {}) {
    let holder = document.querySelector(".pd-toasts");
    if (!holder) {
      holder = document.createElement("div");
      holder.className = "pd-toasts";
      holder.setAttribute("aria-live", "polite");
      document.body.append(holder);
    }
    const message = document.createElement("div");
    message.className = "pd-toast";
    message.setAttribute("role", isProblem ? "alert" : "status");
    message.innerHTML = `<span>${escape(text)}</span>
      ${undo ? "<button type='button' class='pd-button' data-undo>Undo</button>" : ""}
      <button type="button" class="pd-button" data-dismiss aria-label="Dismiss">✕</button>`;
    holder.replaceChildren(message);
    let timer = setTimeout(close, TOAST_MS);
    function close() { message.remove(); }
    // Who reads it or has reached its button keeps it.
    for (const kind of ["pointerenter", "focusin"]) message.addEventListener(kind, () => clearTimeout(timer));
    for (const kind of ["pointerleave", "focusout"]) message.addEventListener(kind, () => { timer = setTimeout(close, TOAST_MS); });
    message.addEventListener("click", (event) => {
      if (!event.target.closest("button")) return;
      if (event.target.closest("[data-undo]")) undo();
      clearTimeout(timer);
      close();
    });
  }

  // -- dialogs -------------------------------------------------------------------------------

  const FIELDS = {
    name: { label: "Name", help: "At most 80 characters; left empty, the run is named after its settings." },
    tags: { label: "Tags", help: "At most 10, with commas between them." },
    note: { label: "Note", help: "At most 2,000 characters.", isLong: true },
  };

  function edit(id) {
    const run = host.run(id);
    if (!run) return;
    const values = { name: run.name, tags: run.tags.join(", "), note: run.note };
    form(`Edit ${run.name}`, values, async (changes) => {
      const text = await host.server().annotate({ run_id: id, ...changes });
      host.poll();
      return text === undefined ? { "": NO_CONNECTION } : JSON.parse(text);
    });
  }

  function tag(ids) {
    const run_ids = own(ids);
    form(`Tag ${runs(run_ids.length)}`, { tags: "" }, async ({ tags }) => {
      const problem = await act("tag", run_ids, { tags });
      return problem ? { tags: problem } : {};
    });
  }

  // Asks for some fields; `save` answers the sentence of each that is refused.
  function form(title, values, save) {
    const dialog = document.createElement("dialog");
    dialog.className = "pd-dialog pd-edit";
    dialog.setAttribute("aria-labelledby", "pd-edit-title");
    dialog.innerHTML = `<form novalidate><h2 id="pd-edit-title">${escape(title)}</h2>
      ${Object.keys(values).map(control).join("")}
      <p class="pd-field-problem" id="pd-edit--problem" role="alert"></p>
      <div class="pd-actions"><button class="pd-button pd-primary">Save</button>
        <button type="button" class="pd-button" data-cancel>Cancel</button></div></form>`;
    for (const [name, value] of Object.entries(values)) dialog.querySelector(`#pd-edit-${name}`).value = value;
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = dialog.querySelector(".pd-primary");
      button.disabled = true;
      const changes = Object.keys(values).map((name) => [name, dialog.querySelector(`#pd-edit-${name}`).value]);
      const problems = await save(Object.fromEntries(changes));
      button.disabled = false;
      if (!Object.keys(problems).length) return dialog.close();
      showProblems(dialog, Object.keys(values), problems);
    });
    dialog.showModal();
  }

  function control(name) {
    const { label, help, isLong } = FIELDS[name];
    const more = `id="pd-edit-${name}" aria-describedby="pd-edit-${name}-help pd-edit-${name}-problem"`;
    const suggestions = name === "tags" ? `<datalist id="pd-known-tags">${host.tags().map((known) =>
      `<option value="${escape(known)}">`).join("")}</datalist>` : "";
    return `<div class="pd-edit-field"><label for="pd-edit-${name}">${label}</label>
      ${isLong ? `<textarea rows="4" ${more}></textarea>` : `<input type="text" autocomplete="off" ${suggestions ? "list='pd-known-tags'" : ""} ${more}>`}
      ${suggestions}<p class="pd-quiet" id="pd-edit-${name}-help">${help}</p>
      <p class="pd-field-problem" id="pd-edit-${name}-problem" role="alert"></p></div>`;
  }

  function showProblems(dialog, names, problems) {
    dialog.querySelector("#pd-edit--problem").textContent = problems[""] || "";
    for (const name of names) {
      dialog.querySelector(`#pd-edit-${name}-problem`).textContent = problems[name] || "";
      dialog.querySelector(`#pd-edit-${name}`).setAttribute("aria-invalid", name in problems);
    }
    const first = names.find((name) => problems[name]);
    if (first) dialog.querySelector(`#pd-edit-${first}`).focus();
  }

  return { start, star, remove, download, edit, tag, toast };
})();
