// The compare page's places: what stands where is built once for a kind of page, so that zoom, focus
// and open lists survive news; then each place is filled.

import { placeholder } from "../charts/figure.js";
import { replace } from "../lib/dom.js";
import { html } from "../lib/html.js";

let page = null;

export function attach(element) {
  page = element;
}

export const find = selector => page.querySelector(selector);
export const part = name => find(`[data-part=${name}]`);
export const plot = name => find(`[data-plot=${name}]`);
export const fill = (name, content) => replace(part(name), content);
export const isThere = () => Boolean(page?.isConnected);
export const isSeen = () => Boolean(page?.offsetParent);

export function build(kind, content) {
  const body = part("body");
  if (body.dataset.kind === kind) return;
  body.dataset.kind = kind;
  body.innerHTML = content;
}

export const clear = () => build("", "");

export const panel = (title, quiet, body) =>
  html`<section class="pd-panel"><h2>${title} <span class="pd-quiet">${quiet}</span></h2>${body}</section>`;

export const plotOf = (name, height = 280) =>
  html`<div class="pd-plot" data-plot="${name}" role="img" style="min-height:${height}px">${placeholder()}</div>`;

export const partOf = name => html`<div data-part="${name}"></div>`;

export const scrolled = (title, body, className = "") =>
  html`<div class="pd-scroll ${className}" tabindex="0" role="region" aria-label="${title}">${body}</div>`;
