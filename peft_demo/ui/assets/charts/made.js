// Figures that the server made: it names what only the browser knows, the page's colours and runs' looks.

import { lookOf } from "../runs.js";
import { across } from "./baselines.js";
import { css, empty, figure } from "./figure.js";

const KNOWN = {
  $css: css,
  $colour: id => lookOf(id).colour,
  $marker: id => lookOf(id).marker,
};

function put(__, value) {
  const [name] = Object.keys(value ?? {});
  return name in KNOWN ? KNOWN[name](value[name]) : value;
}

export function drawMade(plot, made) {
  const { label, sentence, traces, layout, lines = [] } = JSON.parse(JSON.stringify(made), put);
  if (sentence) empty(plot, label, sentence);
  else figure(plot, label, traces, { ...across(lines), ...layout });
}
