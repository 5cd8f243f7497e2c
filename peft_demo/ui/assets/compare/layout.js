// The compare page's places: what stands where comes from the server and is written anew only where it
// changes, so that zoom, focus and open lists survive news; then each place is filled.

import { replace } from "../lib/dom.js";
import { markup } from "../lib/html.js";
import { dress } from "../lib/looks.js";

let page = null;

export function attach(element) {
  page = element;
}

export const find = selector => page.querySelector(selector);
export const findAll = selector => page.querySelectorAll(selector);
export const part = name => find(`[data-part=${name}]`);
export const plot = name => find(`[data-plot=${name}]`);
export const fill = (name, content) => replace(part(name), content);
export const isThere = () => Boolean(page?.isConnected);
export const isSeen = () => Boolean(page?.offsetParent);
export const build = layout => fill("body", markup(layout));
export const dressAll = items => dress(page, items);
