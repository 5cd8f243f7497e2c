// What of the runs the table shows: columns, order and filters; kept in this browser.

import { keep, recall } from "../lib/dom.js";

const KEPT = "peft-demo-runs-table";
const UNFILTERED = { text: "", method: "", only: "all" };

// Which columns are usual says the server.
const view = { ...UNFILTERED, sort: { key: "created", isDown: true }, ...recall(KEPT) };
let page = 0;

export const get = () => view;

// As the server takes it; what an earlier program kept is left out.
export function asked() {
  const { sort, columns, text, method, only } = view;
  return { columns, text, method, only, sort: sort.key, is_down: sort.isDown, page };
}

export function set(changes) {
  Object.assign(view, changes);
  page = 0;
  keep(KEPT, view);
}

export const unfilter = () => set(UNFILTERED);

export function turnTo(number) {
  page = number;
}

// Numbers and times begin with the largest, texts with A.
export function sortBy(key, isDownFirst) {
  const isAgain = view.sort.key === key;
  set({ sort: { key, isDown: isAgain ? !view.sort.isDown : isDownFirst } });
}
