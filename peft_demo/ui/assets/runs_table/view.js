// What of the runs the table shows: columns, order, filters and page; kept in this browser.

import { keep, recall } from "../lib/dom.js";
import { STATES } from "../lib/format.js";
import { matcher, sorted } from "../lib/listing.js";
import { isMine, nameOf } from "../owner.js";
import * as runs from "../runs.js";
import { COLUMNS, USUAL } from "./columns.js";

const KEPT = "peft-demo-runs-table";
const PAGE = 50;

const ONLY = {
  all: run => run.kind !== "range_test",
  starred: run => run.is_starred,
  mine: isMine,
  ranges: run => run.kind === "range_test",
};

const UNFILTERED = { text: "", method: "", only: "all" };

export const view = {
  ...UNFILTERED,
  page: 0,
  columns: USUAL,
  sort: { key: "created", isDown: true },
};

const columnOf = key => COLUMNS.find(column => column.key === key);

// What was kept may be another version's.
function restore({ columns, sort, only, text, method }) {
  if (Array.isArray(columns)) view.columns = columns.filter(columnOf);
  if (columnOf(sort?.key)) view.sort = { key: sort.key, isDown: Boolean(sort.isDown) };
  if (only in ONLY) view.only = only;
  for (const [name, kept] of Object.entries({ text, method }))
    if (typeof kept === "string") view[name] = kept;
}
restore(recall(KEPT));

function store() {
  const { page, ...kept } = view;
  keep(KEPT, kept);
}

export function filter(changes) {
  Object.assign(view, changes, { page: 0 });
  store();
}

export const unfilter = () => filter(UNFILTERED);

export function showColumn(key, isShown) {
  const others = view.columns.filter(other => other !== key);
  view.columns = isShown ? [...others, key] : others;
  store();
}

// Numbers and times begin with the largest, texts with A.
export function sortBy(key) {
  const { isNumber, isDown } = columnOf(key);
  const isAgain = view.sort.key === key;
  filter({ sort: { key, isDown: isAgain ? !view.sort.isDown : Boolean(isNumber || isDown) } });
}

export const columns = () =>
  COLUMNS.filter(column => column.key === "name" || view.columns.includes(column.key));

export function listed() {
  const matches = matcher(view.text);
  const kept = runs
    .all()
    .filter(run => ONLY[view.only](run))
    .filter(run => !view.method || run.method === view.method)
    .filter(run => matches(searchedIn(run)));
  return sorted(kept, columnOf(view.sort.key).value, view.sort.isDown);
}

const searchedIn = run => [
  ...[run.id, run.name, run.summary, run.fields, run.method],
  ...[STATES[run.status], nameOf(run), run.group_id, run.note, ...run.tags],
];

// The part of a list that is on the page, and where it begins.
export function paged(list) {
  view.page = Math.max(0, Math.min(view.page, Math.ceil(list.length / PAGE) - 1));
  const first = view.page * PAGE;
  return { first, page: list.slice(first, first + PAGE), isSplit: list.length > PAGE };
}
