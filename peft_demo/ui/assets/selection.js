// The runs that a person wants in the charts, and the one that others are measured by; kept in this browser.

import { keep, recall } from "./lib/dom.js";

const KEPT = "peft-demo-selection";

// More curves than these tell nothing.
export const MOST = 24;

const kept = recall(KEPT);
const known = new Set(kept.known);
const selected = new Set(kept.selected);

let pinnedId = kept.pinned ?? "";

const store = () => keep(KEPT, { known: [...known], selected: [...selected], pinned: pinnedId });

export const has = id => selected.has(id);
export const list = () => [...selected];
export const forget = id => selected.delete(id);

export function toggle(id) {
  if (!selected.delete(id)) selected.add(id);
  store();
}

// The run that the latest is measured by; an empty text where nobody chose one.
export const pinned = () => pinnedId;

export function pin(id) {
  pinnedId = pinnedId === id ? "" : id;
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
