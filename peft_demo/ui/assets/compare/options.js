// What a person can set about the figures: axes, smoothing, scales.

import { AXES } from "../lib/curves.js";
import { html } from "../lib/html.js";

export const options = {
  x: "epochs",
  smoothing: 0.9,
  log: false,
  mean: true,
  px: "trained_parameters",
  py: "accuracy",
  plog: true,
  across: 0,
};

// Takes the value of a control that was made here; answers whether it was one.
export function take({ dataset: { option }, type, checked, value }) {
  if (!option) return false;
  options[option] = { checkbox: checked, range: Number(value) }[type] ?? value;
  return true;
}

const choice = ([value, label], chosen) =>
  html`<option value="${value}" ${String(value) === String(chosen) && "selected"}>${label}</option>`;

// `choices`: a list of [value, label].
export const select = (option, label, choices, chosen = options[option]) =>
  html`<label class="pd-field">${label} <select data-option="${option}">${choices.map(each => choice(each, chosen))}</select></label>`;

const checkbox = (option, label) =>
  html`<label class="pd-field"><input type="checkbox" data-option="${option}" ${options[option] && "checked"}> ${label}</label>`;

const smoothing = () =>
  html`<label class="pd-field">Smoothing of the training loss <input type="range" data-option="smoothing" min="0" max="0.98" step="0.02" value="${options.smoothing}"></label>`;

const AGAINST = ["epochs", "reviews", "seconds"].map(axis => [
  axis,
  axis === "epochs" ? axis : AXES[axis],
]);

export const curveControls = (hasMeans, hasSteps) => html`<div class="pd-controls">
  ${select("x", "Against", AGAINST)}${hasSteps && smoothing()}
  ${checkbox("log", "Log scale for losses")}${hasMeans && checkbox("mean", "Repeats as mean and 95 % band")}</div>`;

export function paretoControls(measures) {
  const choices = measures.map(({ key, label }) => [key, label]);
  return html`<div class="pd-controls">${select("py", "Up", choices)}${select("px", "Across", choices)}
    ${checkbox("plog", "Log scale for costs")}</div>`;
}
