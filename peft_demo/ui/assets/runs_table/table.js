// The table of all runs, which the server writes, and what a person does with it.

import { MOST } from "../compare/address.js";
import { ask, isConnected, oneAtATime } from "../gradio.js";
import { keepInOrder, keepingFocus, replace, setText, showTimes, whenPressed } from "../lib/dom.js";
import { whole } from "../lib/format.js";
import { markup } from "../lib/html.js";
import { _, runsIn } from "../lib/texts.js";
import * as predictions from "../predictions.js";
import * as runs from "../runs.js";
import { download, own, remove, star } from "./actions.js";
import { tag } from "./edit.js";
import * as view from "./view.js";

let table = null;
let answer = { ids: [], page: 0 };
const selected = new Set();

const find = selector => table.querySelector(selector);
const boxes = () => table.querySelectorAll("[data-column]");
const chosen = () => answer.ids.filter(id => selected.has(id));
const areStarred = ids => ids.length > 0 && ids.every(id => runs.get(id).is_starred);

export function start() {
  runs.follow(news => news && draw());
  whenPressed("data-star", (id, mark) => star([id], mark.ariaPressed !== "true"));
  whenPressed("data-sort", (key, { dataset }) => draw(view.sortBy(key, dataset.down === "yes")));
  whenPressed("data-do", action => draw(DO[action](chosen())));
  document.addEventListener("click", closeMenu);
  document.addEventListener("keydown", event => event.key === "Escape" && closeMenu());
}

// Called when its tab is drawn.
export function show(element) {
  table = element.querySelector(".pd-runs");
  table.addEventListener("input", onInput);
  new IntersectionObserver(() => draw()).observe(table);
  showView();
}

// -- what a person does --------------------------------------------------------------------------

function closeMenu(event) {
  const menu = document.querySelector(".pd-runs .pd-menu");
  if (menu?.open && !menu.contains(event?.target)) menu.open = false;
}

function choose(ids, isOn) {
  for (const id of ids) isOn ? selected.add(id) : selected.delete(id);
  drawSelection();
}

function onInput({ target }) {
  const { column, select } = target.dataset;
  if (select) return choose([select], target.checked);
  if (target.matches(".pd-all")) return choose(answer.ids, target.checked);
  const shown = [...boxes()].filter(box => box.checked).map(box => box.dataset.column);
  if (column) view.set({ columns: ["name", ...shown] });
  else view.set({ [target.name]: target.value });
  draw();
}

const take = kind => ids => download(ids.length ? ids : answer.ids, kind);

const DO = {
  compare: run_ids =>
    document.dispatchEvent(new CustomEvent("pd-compare", { detail: { run_ids } })),
  tag,
  star: ids => star(ids, !areStarred(own(ids))),
  delete: remove,
  csv: take("csv"),
  json: take("json"),
  previous: () => view.turnTo(answer.page - 1),
  next: () => view.turnTo(answer.page + 1),
  clear() {
    view.unfilter();
    showView();
  },
};

// -- drawing ---------------------------------------------------------------------------------------

function showView() {
  for (const [name, value] of Object.entries(view.get())) {
    const control = find(`[name=${name}]`);
    if (control) control.value = value;
  }
}

const draw = oneAtATime(async () => {
  if (!table?.isConnected || !table.checkVisibility() || !isConnected()) return;
  table.ariaBusy = "true";
  const request = { ...view.asked(), secret: predictions.secret() };
  const news = await ask("table", { ...request, key: answer.key });
  if (news?.ids) write(news);
  table.ariaBusy = "false";
  drawSelection();
});

function write(news) {
  answer = news;
  view.turnTo(news.page);
  const { content } = document
    .createRange()
    .createContextualFragment(`<template>${news.parts}</template>`).firstElementChild;
  const part = selector => content.querySelector(selector);
  replace(find("[name=method]"), markup(part("select").innerHTML));
  const rows = [...part("tbody").children].map(row => ({ id: row.dataset.run, row }));
  keepingFocus(find("table"), () => {
    replace(find("thead"), markup(part("thead").innerHTML));
    keepInOrder(find("tbody"), rows, newRow, (row, made) =>
      replace(row, markup(made.row.innerHTML)),
    );
  });
  showTimes(find("tbody"));
  find(".pd-empty").hidden = rows.length > 0;
  const { textContent: told, dataset } = part("output");
  find(".pd-pager").hidden = !told;
  setText(find(".pd-pager span"), told);
  find("[data-do=previous]").disabled = news.page === 0;
  find("[data-do=next]").disabled = "last" in dataset;
  const columns = view.get().columns ?? news.columns;
  for (const box of boxes()) box.checked = columns.includes(box.dataset.column);
}

function newRow({ id }) {
  const row = document.createElement("tr");
  row.dataset.run = id;
  return row;
}

function drawSelection() {
  const list = answer.ids;
  const ids = chosen();
  for (const row of find("tbody").children) {
    const isChosen = selected.has(row.dataset.run);
    row.classList.toggle("pd-chosen", isChosen);
    row.querySelector("[data-select]").checked = isChosen;
  }
  const all = find(".pd-all");
  if (all) {
    all.checked = ids.length > 0 && ids.length === list.length;
    all.indeterminate = ids.length > 0 && ids.length < list.length;
  }
  const mine = own(ids);
  const of = { number: whole(ids.length), count: whole(list.length) };
  const told = ids.length ? _("%(number)s of %(count)s selected", of) : runsIn(list);
  setText(find(".pd-count"), told);
  const compare = ids.length >= 2 && ids.length <= MOST;
  const [any, some] = [mine.length > 0, list.length > 0];
  const can = { compare, tag: any, star: any, delete: any, csv: some, json: some };
  for (const [action, isOn] of Object.entries(can)) {
    const button = find(`[data-do=${action}]`);
    button.disabled = !isOn;
    button.title = isOn ? "" : button.dataset.why;
  }
  setText(find("[data-do=star]"), areStarred(mine) ? _("Remove star") : _("Star"));
  find(".pd-downloads").title = ids.length ? _("The selected runs") : _("All runs of the list");
}
