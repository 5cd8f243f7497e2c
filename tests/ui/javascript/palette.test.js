// Whether any two runs can be told apart by their colour alone, and seen on paper and in the dark.

import { look } from "/assets/lib/looks.js";
import { test } from "/tests/runner.js";

const LEAST_APART = 12;
const LEAST_CONTRAST = 3;

// Machado, Oliveira and Fernandes (2009), for linear RGB, at full severity.
const SEEN_BY = {
  everybody: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  deuteranopes: [
    0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881,
  ],
  protanopes: [
    0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998,
  ],
};
const XYZ_OF_RGB = [
  0.4124564, 0.3575761, 0.1804375, 0.2126729, 0.7151522, 0.072175, 0.0193339, 0.119192, 0.9503041,
];
const WHITE = [0.95047, 1, 1.08883];

const times = (matrix, [x, y, z]) =>
  [0, 3, 6].map(row => matrix[row] * x + matrix[row + 1] * y + matrix[row + 2] * z);

const linear = hex =>
  [1, 3, 5].map(place => {
    const share = Number.parseInt(hex.slice(place, place + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });

function lab(rgb) {
  const [x, y, z] = times(XYZ_OF_RGB, rgb).map((value, index) => {
    const share = value / WHITE[index];
    return share > 0.008856 ? Math.cbrt(share) : 7.787 * share + 16 / 116;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const seen = (hex, matrix) =>
  lab(times(matrix, linear(hex)).map(value => Math.min(1, Math.max(0, value))));

const luminance = hex => times(XYZ_OF_RGB, linear(hex))[1];

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const colours = Array.from({ length: 8 }, (_, n) => look(n).colour);

function tellApart(matrix) {
  for (const [index, one] of colours.entries()) {
    for (const other of colours.slice(index + 1)) {
      const apart = Math.hypot(...seen(one, matrix).map((v, i) => v - seen(other, matrix)[i]));
      if (!(apart >= LEAST_APART)) throw new Error(`${one} and ${other}: ${apart.toFixed(1)}`);
    }
  }
}

function standOut(paper) {
  for (const colour of colours) {
    const found = contrast(colour, paper);
    if (!(found >= LEAST_CONTRAST)) throw new Error(`${colour}: ${found.toFixed(2)}`);
  }
}

test("any two colours are at least ΔE 12 (CIE 1976) apart", () => tellApart(SEEN_BY.everybody));
test("so they are for deuteranopes", () => tellApart(SEEN_BY.deuteranopes));
test("so they are for protanopes", () => tellApart(SEEN_BY.protanopes));
test("every colour can be seen on white paper", () => standOut("#ffffff"));
test("every colour can be seen in the dark", () => standOut("#111a2d"));
