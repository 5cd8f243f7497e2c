// Rows of the form: a slider beside a number, help behind a button, and rank and alpha in one ratio.

import { place, written } from "../lib/scale.js";
import { _ } from "../lib/texts.js";
import { brief } from "./brief.js";

const BOX = "input:is([type=number], [type=text])";
const RANK = "#sidebar [id$='-r'] ";
const ALPHA = "#sidebar [id$='alpha'] ";

let template = null;
let stops = {};
let ratio = 0;

export function start() {
  template = document.getElementById("pd-row");
  // The bar may be drawn before the form.
  if (!template) return void setTimeout(start, 100);
  stops = JSON.parse(template.dataset.stops);
  const form = document.getElementById("sidebar");
  new MutationObserver(complete).observe(form, { childList: true, subtree: true });
  form.addEventListener("input", keepRatio);
  complete();
}

function complete() {
  for (const help of document.querySelectorAll("#sidebar .info-text:not([popover])"))
    fill(help.closest(".block[id]"), help);
}

function fill(block, help) {
  const part = template.content.cloneNode(true);
  const [range, ticks, button, lock] = part.children;
  const name = block.querySelector("[data-testid=block-info], .label-text").textContent.trim();
  help.id = `${block.id}-help`;
  help.popover = "auto";
  help.classList.add("pd-help");
  button.popoverTargetElement = help;
  button.ariaLabel = _("Help on %(name)s", { name });
  block.querySelector("input, textarea")?.setAttribute("aria-describedby", help.id);
  const box = block.querySelector(BOX);
  if (stops[block.id]) slide(block, box, range, ticks, name);
  else for (const each of [range, ticks]) each.remove();
  if (!block.matches(ALPHA) || !document.querySelector(RANK)) lock.remove();
  block.append(part);
  follow();
}

function slide(block, box, range, ticks, name) {
  const points = stops[block.id];
  range.max = points.length - 1;
  range.ariaLabel = _("%(name)s, slider", { name });
  ticks.id = `${block.id}-ticks`;
  range.setAttribute("list", ticks.id);
  range.addEventListener("input", () => write(box, written(points[range.value])));
  box.addEventListener("input", () => show(range, points, box));
}

function show(range, points, box) {
  range.value = place(points, Number(box.value));
  range.setAttribute("aria-valuetext", box.value);
}

function write(box, value) {
  box.value = value;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

// The boxes say what is: called when the counts follow the form, whoever changed it.
export function follow() {
  for (const range of document.querySelectorAll("#sidebar .block[id] > input[type=range]")) {
    const block = range.parentElement;
    show(range, stops[block.id], block.querySelector(BOX));
  }
  const known = brief();
  if (!known) return;
  document.querySelector("#name input, #name textarea").placeholder = known.name;
  const scale = document.querySelector(".pd-lock span");
  if (scale) scale.textContent = known.scale;
  const rate = document.querySelector("#learning_rate > input[type=range]");
  if (!rate) return;
  rate.title = _("Measured best: %(rate)s", known);
  rate.list.options[0].value = place(stops.learning_rate, Number(known.rate));
}

function keepRatio({ target }) {
  const [rank, alpha] = [RANK, ALPHA].map(each => document.querySelector(each + BOX));
  const isKept = document.querySelector(".pd-lock input")?.checked;
  if (!isKept || !rank || !alpha) return;
  if (target !== rank) ratio = Number(alpha.value) / Number(rank.value);
  else if (ratio && Number(rank.value)) write(alpha, Math.max(1, Math.round(ratio * rank.value)));
}
