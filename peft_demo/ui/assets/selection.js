// The runs that a person wants in the charts; kept in this browser.

import { keep, recall } from "./lib/dom.js";

const KEPT = "peft-demo-selection";

// More curves than these tell nothing.
export const MOST = 24;

const kept = recall(KEPT);
const known = new Set(kept.known);
const selected = new Set(kept.selected);

const store = () => keep(KEPT, { known: [...known], selected: [...selected] });

export const has = id => selected.has(id);
export const list = () => [...selected];
export const forget = id => selected.delete(id);

export function toggle(id) {
  if (!selected.delete(id)) selected.add(id);
  store();
}

// Selects those that were never seen before, as long as there is room.
export function selectNew(ids) {
  const unseen = new Set(ids.filter(id => !known.has(id)));
  for (const id of unseen) {
    known.add(id);
    if (selected.size < MOST) selected.add(id);
  }
  if (unseen.size) store();
}
