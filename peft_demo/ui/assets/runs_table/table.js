// The table of all runs, and what a person does with it.

import { MOST } from "../compare/address.js";
import { isConnected } from "../gradio.js";
import { keepInOrder, replace, whenPressed } from "../lib/dom.js";
import { counted, whole } from "../lib/format.js";
import { html } from "../lib/html.js";
import * as owner from "../owner.js";
import * as runs from "../runs.js";
import { download, remove, star } from "./actions.js";
import { COLUMNS, cellOf, lookOf } from "./columns.js";
import { tag } from "./edit.js";
import { columns, filter, listed, paged, showColumn, sortBy, unfilter, view } from "./view.js";

const MENU = html`<legend>Columns</legend>
  ${COLUMNS.slice(1).map(({ key, title }) => html`<label><input type="checkbox" data-column="${key}"> ${title}</label>`)}`;

let table = null;
const selected = new Set();

const find = selector => table.querySelector(selector);
const isChosen = run => selected.has(run.id);
const ids = list => list.map(run => run.id);
const own = list => list.filter(run => !run.reference);
const areStarred = list => list.length > 0 && list.every(run => run.is_starred);

export function start() {
  runs.follow(news => news && draw());
  whenPressed("data-star", (id, mark) => star([id], mark.ariaPressed !== "true"));
  whenPressed("data-sort", key => {
    sortBy(key);
    draw();
  });
  whenPressed("data-do", action => {
    DO[action](listed().filter(isChosen));
    draw();
  });
  document.addEventListener("click", closeMenu);
  document.addEventListener("keydown", event => event.key === "Escape" && closeMenu());
}

// Called when its tab is drawn.
export function show(element) {
  table = element.querySelector(".pd-runs");
  find(".pd-menu fieldset").innerHTML = MENU;
  table.addEventListener("input", onInput);
  draw();
}

// The header, which brings the server, may be drawn after it is called.
export async function setOwner(id) {
  if (!isConnected()) return void setTimeout(setOwner, 30, id);
  await owner.set(id);
  draw();
}

// -- what a person does --------------------------------------------------------------------------

function closeMenu(event) {
  const menu = document.querySelector(".pd-runs .pd-menu");
  if (menu?.open && !menu.contains(event?.target)) menu.open = false;
}

const choose = (id, isOn) => (isOn ? selected.add(id) : selected.delete(id));

function onInput({ target }) {
  if (target.dataset.column) showColumn(target.dataset.column, target.checked);
  else if (target.dataset.select) choose(target.dataset.select, target.checked);
  else if (target.matches(".pd-all")) for (const run of listed()) choose(run.id, target.checked);
  else {
    const [text, method, only] = [".pd-text", ".pd-method-filter", ".pd-only"].map(find);
    filter({ text: text.value, method: method.value, only: only.value });
  }
  draw();
}

const detail = chosen => ({ detail: { run_ids: ids(chosen) } });
const take = kind => chosen => download(ids(chosen.length ? chosen : listed()), kind);

function turn(pages) {
  view.page += pages;
}

const DO = {
  compare: chosen => document.dispatchEvent(new CustomEvent("pd-compare", detail(chosen))),
  tag: chosen => tag(ids(chosen)),
  star: chosen => star(ids(chosen), !areStarred(own(chosen))),
  delete: chosen => remove(ids(chosen)),
  csv: take("csv"),
  json: take("json"),
  previous: () => turn(-1),
  next: () => turn(1),
  clear: unfilter,
};

// -- drawing ---------------------------------------------------------------------------------------

function draw() {
  if (!table?.isConnected) return;
  const known = new Set(ids(runs.all()));
  for (const id of selected) if (!known.has(id)) selected.delete(id);
  const list = listed();
  const { first, page, isSplit } = paged(list);
  const last = first + page.length;
  drawFilter();
  drawSelection(list);
  drawHead(list);
  drawRows(page);
  find(".pd-empty").hidden = list.length > 0;
  find(".pd-pager").hidden = !isSplit;
  replace(find(".pd-pager span"), `${first + 1} to ${last} of ${whole(list.length)}`);
  find("[data-do=previous]").disabled = first === 0;
  find("[data-do=next]").disabled = last >= list.length;
}

function drawFilter() {
  const methods = new Set(runs.all().map(run => run.method));
  if (view.method) methods.add(view.method);
  const listed = [...methods].sort().map(method => html`<option>${method}</option>`);
  replace(find(".pd-method-filter"), html`<option value="">All</option>${listed}`);
  if (find(".pd-text").value !== view.text) find(".pd-text").value = view.text;
  find(".pd-method-filter").value = view.method;
  find(".pd-only").value = view.only;
  for (const box of table.querySelectorAll("[data-column]")) {
    box.checked = view.columns.includes(box.dataset.column);
  }
}

function drawSelection(list) {
  const chosen = list.filter(isChosen);
  const mine = own(chosen);
  const count = `${whole(chosen.length)} of ${whole(list.length)} selected`;
  replace(find(".pd-count"), chosen.length ? count : counted(list.length, "run"));
  const compare = chosen.length >= 2 && chosen.length <= MOST;
  const [any, all] = [mine.length > 0, list.length > 0];
  const can = { compare, tag: any, star: any, delete: any, csv: all, json: all };
  for (const [action, isOn] of Object.entries(can)) {
    const button = find(`[data-do=${action}]`);
    button.disabled = !isOn;
    button.title = isOn ? "" : button.dataset.why;
  }
  replace(find("[data-do=star]"), areStarred(mine) ? "Remove star" : "Star");
  find(".pd-downloads").title = chosen.length ? "The selected runs" : "All runs of the list";
}

const headOf = column => html`
  <th scope="col" class="${lookOf(column)}" data-of="${column.key}"><button type="button" class="pd-sort" data-sort="${column.key}">${column.title}</button></th>`;

function drawHead(list) {
  const head = find("thead");
  replace(
    head,
    html`<tr><th scope="col" class="pd-mark"><input type="checkbox" class="pd-all"></th>
      <th scope="col" class="pd-mark"><span class="pd-hidden">Star</span></th>${columns().map(headOf)}
      <th scope="col" class="pd-wide"><span class="pd-hidden">Edit</span></th></tr>`,
  );
  const { key, isDown } = view.sort;
  for (const cell of head.querySelectorAll("[data-of]")) {
    if (cell.dataset.of !== key) cell.removeAttribute("aria-sort");
    else cell.setAttribute("aria-sort", isDown ? "descending" : "ascending");
  }
  const all = find(".pd-all");
  const count = list.filter(isChosen).length;
  all.checked = count > 0 && count === list.length;
  all.indeterminate = count > 0 && count < list.length;
  all.setAttribute("aria-label", `Select all ${list.length} runs of the list`);
}

function drawRows(list) {
  const body = find("tbody");
  const focused = document.activeElement;
  const row = body.contains(focused) && focused.closest("tr");
  const place = row && controlsOf(row).indexOf(focused);
  keepInOrder(body, list, newRow, fillRow);
  // A row that moves or is written anew loses the focus.
  if (row?.isConnected && document.activeElement !== focused) controlsOf(row)[place]?.focus();
}

const controlsOf = row => [...row.querySelectorAll("button, input")];

function newRow({ id }) {
  const row = document.createElement("tr");
  row.dataset.run = id;
  return row;
}

function fillRow(row, run) {
  const { id, name, reference, is_starred: isStarred } = run;
  row.classList.toggle("pd-chosen", isChosen(run));
  replace(
    row,
    html`<td class="pd-mark"><input type="checkbox" data-select="${id}" aria-label="Select ${name}"></td>
      <td class="pd-mark"><button type="button" class="pd-star" data-star="${id}" aria-pressed="${isStarred}" aria-label="Star of ${name}" ${reference && "hidden"}>${isStarred ? "★" : "☆"}</button></td>
      ${columns().map(column => cellFor(column, run))}
      <td class="pd-wide pd-mark"><button type="button" class="pd-button" data-edit="${id}" title="Edit name, tags and note" aria-label="Edit name, tags and note of ${name}" ${reference && "hidden"}>✎</button></td>`,
  );
  row.querySelector("[data-select]").checked = isChosen(run);
}

const cellFor = (column, run) =>
  column.key === "name"
    ? html`<th scope="row" class="pd-name"><button type="button" class="pd-pick" data-action="details" aria-haspopup="dialog" title="Details">${run.name}</button><div data-cell="name">${cellOf(column, run)}</div></th>`
    : html`<td class="${lookOf(column)}" data-cell="${column.key}">${cellOf(column, run)}</td>`;
