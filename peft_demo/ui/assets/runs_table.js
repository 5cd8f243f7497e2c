// The table of all runs: sorted, filtered and paged here, from the summaries that the poll brings.
window.PeftRunsTable = (() => {
  "use strict";

  const { escape, percent } = window.PeftCharts;
  const { STATES, whole, bytes, seconds, when } = window.PeftFormat;
  const KEPT = "peft-demo-runs-table";
  const PAGE = 50;
  const MOST_COMPARED = 8;

  const state = (run) => `<span class="pd-state" data-state="${run.status}">${STATES[run.status]}</span>`;
  const isMine = (run) => run.owner_digest === table.ownDigest && !run.reference;
  const owner = (run) => isMine(run) ? "you" : run.owner;
  const isTraining = (run) => run.kind === "training";
  const setting = (name) => (run) => run.config[name];
  // A value stays beside its name.
  const together = (text) => text.split(" · ").map((part) => part.replaceAll(" ", "\u00a0")).join(" · ");
  const about = (run) => `<small>${escape(isTraining(run) ? together(`${run.method} · ${run.fields}`) : run.summary)}</small>
    ${run.tags.length ? `<span class="pd-tags">${run.tags.map((tag) => `<i>${escape(tag)}</i>`).join("")}</span>` : ""}
    ${run.note ? `<small class="pd-note">${escape(run.note)}</small>` : ""}
    ${run.status === "completed" ? "" : `<span class="pd-narrow">${state(run)}</span>`}`;

  // value: what it is sorted by; nothing is sorted last. cell: its HTML. usual: shown until chosen otherwise.
  const COLUMNS = [
    { key: "name", title: "Run", usual: true, always: true, value: (run) => run.name.toLowerCase(), cell: about },
    { key: "method", title: "Method", value: (run) => run.method, cell: (run) => escape(run.method) },
    { key: "state", title: "State", usual: true, value: (run) => STATES[run.status], cell: state },
    { key: "reviews", title: "Reviews", usual: true, isNumber: true, value: (run) => run.kind === "imported" ? null : run.num_reviews, cell: (run) => `${whole(run.num_reviews)}<small>${whole(run.num_train)} + ${whole(run.num_validation)}</small>` },
    { key: "epochs", title: "Epochs", usual: true, isNumber: true, value: (run) => isTraining(run) ? run.epoch : null, cell: (run) => run.epoch === run.max_epochs ? run.epoch : `${run.epoch} of ${run.max_epochs}` },
    { key: "accuracy", title: "Test accuracy", usual: true, isNumber: true, isNarrow: true, value: (run) => run.test?.accuracy, cell: (run) => `<b>${percent(run.test.accuracy)}</b><small>${(100 * run.test.low).toFixed(1)} to ${percent(run.test.high)}</small>` },
    { key: "loss", title: "Test loss", usual: true, isNumber: true, value: (run) => run.test?.loss, cell: (run) => run.test.loss.toFixed(3) },
    { key: "adapter", title: "Adapter parameters", usual: true, isNumber: true, value: (run) => run.num_adapter_parameters, cell: (run) => whole(run.num_adapter_parameters) },
    { key: "head", title: "Head parameters", usual: true, isNumber: true, value: (run) => run.num_head_parameters, cell: (run) => whole(run.num_head_parameters) },
    { key: "file", title: "File", usual: true, isNumber: true, value: (run) => run.file_bytes, cell: (run) => bytes(run.file_bytes) + (run.saved_as === "float16" ? "<small>half precision</small>" : "") },
    { key: "time", title: "Time", usual: true, isNumber: true, value: (run) => run.seconds, cell: (run) => seconds(run.seconds) },
    { key: "owner", title: "By", usual: true, value: (run) => owner(run).toLowerCase(), cell: (run) => escape(owner(run)) },
    { key: "created", title: "When", usual: true, value: (run) => run.created, cell: (run) => when(run.created).replace(" ", "\u00a0") },
    { key: "rate", title: "Learning rate", isNumber: true, value: setting("learning_rate"), cell: (run) => run.config.learning_rate },
    { key: "length", title: "Review length", isNumber: true, value: setting("max_length"), cell: (run) => `${run.config.max_length} tokens` },
    { key: "batch", title: "Batch size", isNumber: true, value: setting("per_device_train_batch_size"), cell: (run) => run.config.per_device_train_batch_size },
    { key: "seed", title: "Seed", isNumber: true, value: setting("seed"), cell: (run) => run.config.seed },
    { key: "validation", title: "Validation accuracy", isNumber: true, value: (run) => run.eval_accuracy, cell: (run) => percent(run.eval_accuracy) },
    { key: "validation_loss", title: "Validation loss", isNumber: true, value: (run) => run.eval_loss, cell: (run) => run.eval_loss.toFixed(3) },
    { key: "data", title: "Data set", value: setting("dataset"), cell: (run) => escape(run.config.dataset) },
    { key: "base", title: "Base model", value: setting("base_model"), cell: (run) => escape(run.config.base_model) },
    { key: "group", title: "Group", value: (run) => run.group_id, cell: (run) => escape(run.group_id) },
    { key: "id", title: "Id", value: (run) => run.id, cell: (run) => escape(run.id) },
  ];

  const ONLY = {
    all: { title: "All runs", keeps: (run) => run.kind !== "range_test" },
    starred: { title: "Starred", keeps: (run) => run.is_starred },
    mine: { title: "Mine", keeps: isMine },
    ranges: { title: "Range tests", keeps: (run) => run.kind === "range_test" },
  };

  const table = {
    element: null, host: null, owner: "", ownDigest: "", selected: new Set(), at: 0,
    columns: COLUMNS.filter((column) => column.usual).map((column) => column.key),
    sort: { key: "created", isDown: true }, text: "", method: "", only: "all",
  };
  const find = (selector) => table.element.querySelector(selector);

  // What was drawn last into an element, so that nothing is drawn twice.
  const drawn = new WeakMap();
  function replace(element, html) {
    if (drawn.get(element) === html) return;
    drawn.set(element, html);
    element.innerHTML = html;
  }

  // -- which runs ----------------------------------------------------------------------------

  function searched(run) {
    return [run.id, run.name, run.summary, run.fields, run.method, STATES[run.status], owner(run), run.group_id, run.note, ...run.tags]
      .join(" ").toLowerCase();
  }

  function listed() {
    const words = table.text.toLowerCase().split(/\s+/).filter(Boolean);
    const runs = table.host.runs().filter((run) => ONLY[table.only].keeps(run)
      && (!table.method || run.method === table.method)
      && (!words.length || words.every((word) => searched(run).includes(word))));
    const column = COLUMNS.find((other) => other.key === table.sort.key);
    const sign = table.sort.isDown ? -1 : 1;
    return runs.map((run) => ({ run, value: column.value(run) })).sort((a, b) => {
      if (a.value == null || b.value == null) return (a.value == null) - (b.value == null);
      return a.value < b.value ? -sign : a.value > b.value ? sign : 0;
    }).map(({ run }) => run);
  }

  const chosen = () => listed().filter((run) => table.selected.has(run.id));
  const columns = () => COLUMNS.filter((column) => column.always || table.columns.includes(column.key));

  function keep() {
    const { columns, sort, text, method, only } = table;
    localStorage.setItem(KEPT, JSON.stringify({ columns, sort, text, method, only }));
  }

  function recall() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT) || "{}");
      const known = (key) => COLUMNS.some((column) => column.key === key);
      if (Array.isArray(kept.columns)) table.columns = kept.columns.filter(known);
      if (known(kept.sort?.key)) table.sort = { key: kept.sort.key, isDown: Boolean(kept.sort.isDown) };
      if (kept.only in ONLY) table.only = kept.only;
      for (const name of ["text", "method"]) if (typeof kept[name] === "string") table[name] = kept[name];
    } catch {
      localStorage.removeItem(KEPT);
    }
  }

  // -- what a person does --------------------------------------------------------------------

  function show(element) {
    table.element = element.querySelector(".pd-runs") || element;
    recall();
    table.element.innerHTML = `
      <div class="pd-filter" role="search" aria-label="Filter the runs">
        <label>Filter <input type="search" class="pd-text" placeholder="name, value, tag, owner, state …"></label>
        <label>Method <select class="pd-method-filter"></select></label>
        <label>Show <select class="pd-only">${Object.entries(ONLY).map(([key, { title }]) => `<option value="${key}">${title}</option>`).join("")}</select></label>
        <details class="pd-menu"><summary class="pd-button">Columns</summary><fieldset><legend>Columns</legend>
          ${COLUMNS.filter((column) => !column.always).map(({ key, title }) => `<label><input type="checkbox" data-column="${key}"> ${title}</label>`).join("")}
        </fieldset></details>
      </div>
      <div class="pd-selection" role="toolbar" aria-label="What to do with the selected runs">
        <span class="pd-quiet pd-count" role="status"></span>
        <button type="button" class="pd-button" data-do="compare">Compare</button>
        <button type="button" class="pd-button" data-do="tag">Tag</button>
        <button type="button" class="pd-button" data-do="star">Star</button>
        <button type="button" class="pd-button" data-do="delete">Delete</button>
        <span class="pd-downloads"><button type="button" class="pd-button" data-do="csv">Download CSV</button>
        <button type="button" class="pd-button" data-do="json">JSON</button></span>
      </div>
      <div class="pd-scroll" tabindex="0" role="region" aria-label="Table of runs"><table>
        <caption class="pd-quiet">Reviews are counted as training + validation; below an accuracy stands its 95 % Wilson interval.</caption>
        <thead></thead><tbody></tbody></table>
        <p class="pd-empty pd-quiet">No run matches. <button type="button" class="pd-button" data-do="clear">Show all runs</button></p></div>
      <nav class="pd-pager" aria-label="Pages of runs"><button type="button" class="pd-button" data-do="previous">Previous</button>
        <span class="pd-quiet" role="status"></span><button type="button" class="pd-button" data-do="next">Next</button></nav>`;
    table.element.addEventListener("click", onClick);
    table.element.addEventListener("input", onInput);
    draw();
  }

  function closeMenu(event) {
    const menu = document.querySelector(".pd-runs .pd-menu");
    if (menu?.open && !menu.contains(event?.target)) menu.open = false;
  }

  function onInput({ target }) {
    if (target.dataset.column) {
      const others = table.columns.filter((key) => key !== target.dataset.column);
      table.columns = target.checked ? [...others, target.dataset.column] : others;
    } else if (target.dataset.select) {
      target.checked ? table.selected.add(target.dataset.select) : table.selected.delete(target.dataset.select);
      return draw();
    } else if (target.classList.contains("pd-all")) {
      for (const run of listed()) target.checked ? table.selected.add(run.id) : table.selected.delete(run.id);
      return draw();
    } else {
      table.text = find(".pd-text").value;
      table.method = find(".pd-method-filter").value;
      table.only = find(".pd-only").value;
      table.at = 0;
    }
    keep();
    draw();
  }

  function onClick(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const id = button.closest("tr")?.dataset.run;
    if (button.dataset.sort) sortBy(button.dataset.sort);
    else if (button.classList.contains("pd-star")) PeftRunActions.star([id], button.getAttribute("aria-pressed") !== "true");
    else if (button.dataset.action === "details") table.host.details(id);
    else if (button.dataset.do) DO[button.dataset.do]();
  }

  // Numbers and times begin with the largest, texts with A.
  function sortBy(key) {
    const { isNumber } = COLUMNS.find((column) => column.key === key);
    const isFirst = table.sort.key !== key;
    table.sort = { key, isDown: isFirst ? Boolean(isNumber) || key === "created" : !table.sort.isDown };
    table.at = 0;
    keep();
    draw();
  }

  const ids = (runs) => runs.map((run) => run.id);
  const ofSelected = (runs) => ids(runs.filter((run) => !run.reference));
  const download = (kind) => PeftRunActions.download(ids(chosen().length ? chosen() : listed()), kind);
  const turn = (pages) => { table.at += pages; draw(); };

  const DO = {
    compare: () => document.dispatchEvent(new CustomEvent("pd-compare", { detail: { run_ids: ids(chosen()) } })),
    tag: () => PeftRunActions.tag(ofSelected(chosen())),
    star: () => PeftRunActions.star(ofSelected(chosen()), !areStarred(chosen())),
    delete: () => PeftRunActions.remove(ofSelected(chosen())),
    csv: () => download("csv"),
    json: () => download("json"),
    previous: () => turn(-1),
    next: () => turn(1),
    clear: () => { Object.assign(table, { text: "", method: "", only: "all", at: 0 }); keep(); draw(); },
  };

  const areStarred = (runs) => runs.length > 0 && runs.every((run) => run.reference || run.is_starred);

  // The id says who acts and stays in this browser; of others' runs the server tells digests only.
  async function setOwner(id) {
    if (!table.host) return void setTimeout(setOwner, 30, id);
    table.owner = id;
    table.ownDigest = await table.host.server().owner_digest({ owner: id });
    draw();
  }

  // -- drawing -------------------------------------------------------------------------------

  function draw() {
    if (!table.element?.isConnected || !table.host) return;
    const known = new Set(table.host.runs().map((run) => run.id));
    for (const id of table.selected) if (!known.has(id)) table.selected.delete(id);
    const runs = listed();
    table.at = Math.max(0, Math.min(table.at, Math.ceil(runs.length / PAGE) - 1));
    const first = table.at * PAGE, page = runs.slice(first, first + PAGE);
    drawFilter();
    drawSelection(runs);
    drawHead(runs);
    drawRows(page);
    find(".pd-empty").hidden = runs.length > 0;
    find(".pd-pager").hidden = runs.length <= PAGE;
    replace(find(".pd-pager span"), `${first + 1} to ${first + page.length} of ${whole(runs.length)}`);
    find("[data-do=previous]").disabled = first === 0;
    find("[data-do=next]").disabled = first + PAGE >= runs.length;
  }

  function drawFilter() {
    const methods = [...new Set(table.host.runs().map((run) => run.method))].sort();
    if (table.method && !methods.includes(table.method)) methods.push(table.method);
    replace(find(".pd-method-filter"), `<option value="">All</option>${methods.map((method) => `<option>${escape(method)}</option>`).join("")}`);
    if (find(".pd-text").value !== table.text) find(".pd-text").value = table.text;
    find(".pd-method-filter").value = table.method;
    find(".pd-only").value = table.only;
    for (const box of table.element.querySelectorAll("[data-column]")) box.checked = table.columns.includes(box.dataset.column);
  }

  function drawSelection(runs) {
    const selected = runs.filter((run) => table.selected.has(run.id));
    const own = selected.filter((run) => !run.reference).length;
    replace(find(".pd-count"), selected.length ? `${whole(selected.length)} of ${whole(runs.length)} selected` : `${whole(runs.length)} ${runs.length === 1 ? "run" : "runs"}`);
    const compare = find("[data-do=compare]");
    compare.disabled = selected.length < 2 || selected.length > MOST_COMPARED;
    compare.title = compare.disabled ? `Select 2 to ${MOST_COMPARED} runs to compare them.` : "";
    for (const action of ["tag", "star", "delete"]) {
      const button = find(`[data-do=${action}]`);
      button.disabled = !own;
      button.title = own ? "" : "Select runs first; the reference runs stay as they are.";
    }
    replace(find("[data-do=star]"), own && areStarred(selected) ? "Remove star" : "Star");
    for (const kind of ["csv", "json"]) find(`[data-do=${kind}]`).disabled = !runs.length;
    find(".pd-downloads").title = selected.length ? "The selected runs" : "All runs of the list";
  }

  function drawHead(runs) {
    const head = find("thead");
    replace(head, `<tr><th scope="col" class="pd-mark"><input type="checkbox" class="pd-all"></th>
      <th scope="col" class="pd-mark"><span class="pd-hidden">Star</span></th>
      ${columns().map(({ key, title, ...kind }) => `<th scope="col" class="${look(key, kind)}" data-of="${key}"><button type="button" class="pd-sort" data-sort="${key}">${title}</button></th>`).join("")}
      <th scope="col" class="pd-wide"><span class="pd-hidden">Edit</span></th></tr>`);
    for (const cell of head.querySelectorAll("[data-of]")) {
      const isSorted = cell.dataset.of === table.sort.key;
      isSorted ? cell.setAttribute("aria-sort", table.sort.isDown ? "descending" : "ascending") : cell.removeAttribute("aria-sort");
    }
    const all = find(".pd-all"), count = runs.filter((run) => table.selected.has(run.id)).length;
    all.checked = count > 0 && count === runs.length;
    all.indeterminate = count > 0 && count < runs.length;
    all.setAttribute("aria-label", `Select all ${runs.length} runs of the list`);
  }

  const look = (key, { isNumber, isNarrow }) =>
    `${key === "name" ? "pd-name" : isNarrow ? "" : "pd-wide"} ${isNumber ? "pd-number" : ""}`.trim();

  function drawRows(runs) {
    const body = find("tbody"), shown = columns(), kind = shown.map((column) => column.key).join();
    const focused = body.contains(document.activeElement) ? document.activeElement : null;
    if (body.dataset.columns !== kind) body.replaceChildren();
    body.dataset.columns = kind;
    const rows = new Map([...body.children].map((row) => [row.dataset.run, row]));
    const wanted = new Set(runs.map((run) => run.id));
    for (const [id, row] of rows) if (!wanted.has(id)) row.remove();
    runs.forEach((run, index) => {
      const row = rows.get(run.id) || newRow(run.id, shown);
      if (body.children[index] !== row) body.insertBefore(row, body.children[index] || null);
      fillRow(row, run, shown);
    });
    // A row that moves loses the focus.
    if (focused?.isConnected && document.activeElement !== focused) focused.focus();
  }

  function newRow(id, shown) {
    const row = document.createElement("tr");
    row.dataset.run = id;
    row.innerHTML = `<td class="pd-mark"><input type="checkbox" data-select="${escape(id)}"></td>
      <td class="pd-mark"><button type="button" class="pd-star"></button></td>
      ${shown.map(({ key, ...kind }) => key === "name"
        ? `<th scope="row" class="pd-name"><button type="button" class="pd-pick" data-action="details" aria-haspopup="dialog" title="Details"></button><div data-cell="name"></div></th>`
        : `<td class="${look(key, kind)}" data-cell="${key}"></td>`).join("")}
      <td class="pd-wide pd-mark"><button type="button" class="pd-button" data-edit="${escape(id)}" title="Edit name, tags and note">✎</button></td>`;
    return row;
  }

  function fillRow(row, run, shown) {
    const box = row.querySelector("[data-select]"), star = row.querySelector(".pd-star");
    const details = row.querySelector("[data-action]"), edit = row.querySelector("[data-edit]");
    box.checked = table.selected.has(run.id);
    row.classList.toggle("pd-chosen", box.checked);
    box.setAttribute("aria-label", `Select ${run.name}`);
    star.setAttribute("aria-pressed", run.is_starred);
    star.setAttribute("aria-label", `Star of ${run.name}`);
    if (star.textContent !== (run.is_starred ? "★" : "☆")) star.textContent = run.is_starred ? "★" : "☆";
    star.hidden = edit.hidden = run.reference;
    replace(details, escape(run.name));
    edit.setAttribute("aria-label", `Edit name, tags and note of ${run.name}`);
    for (const column of shown) {
      const value = column.value(run);
      replace(row.querySelector(`[data-cell=${column.key}]`), value == null || value === "" ? "–" : String(column.cell(run)));
    }
  }

  function start(host) {
    table.host = host;
    document.addEventListener("click", closeMenu);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeMenu(); });
    draw();
  }

  return { start, show, draw, setOwner, owner: () => table.owner };
})();
