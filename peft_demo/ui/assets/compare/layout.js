// The compare page's places: what stands where comes from the server and is written anew only where it
// changes, so that zoom, focus and open lists survive news; then each place is filled.

import { replace } from "../lib/dom.js";
import { markup } from "../lib/html.js";
import { dress } from "../lib/looks.js";
import { lookOf } from "../runs.js";

let page = null;

// Which parts a person has opened or folded: they are so in the next comparison too. Paper opens all.
const folds = new Map();
const isOnPaper = () => document.body.classList.contains("pd-on-paper");

export function attach(element) {
  page = element;
  page.addEventListener(
    "toggle",
    ({ target }) => isOnPaper() || folds.set(target.dataset.fold, target.open),
    true,
  );
}

export const find = selector => page.querySelector(selector);
export const findAll = selector => page.querySelectorAll(selector);
export const part = name => find(`[data-part=${name}]`);
export const plot = name => find(`[data-plot=${name}]`);
export function fill(name, content) {
  replace(part(name), content);
  for (const each of findAll(`[data-part=${name}] [data-fold]`)) {
    each.open = folds.get(each.dataset.fold) ?? each.open;
  }
}
export const isThere = () => Boolean(page?.isConnected);
export const isSeen = () => Boolean(page?.offsetParent);
export const build = layout => fill("body", markup(layout));
export const dressAll = () => dress(page, lookOf);
