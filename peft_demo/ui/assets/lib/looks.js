// How runs look: eight hues that the colour-blind can tell apart; line and marker shapes tell the rest.

import { html } from "./html.js";

const COLOURS = "#325dff #b4481a #197757 #e91a92 #ce7b0f #7c70d8 #2994a6 #939752".split(" ");
const DASHES = { solid: "none", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3" };

// Plotly's markers, and the same in a chip, drawn around 13, 5.
const MARKERS = {
  circle: "M9 5a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
  square: "M9.5 1.5h7v7h-7z",
  diamond: "M13 0l4.5 5-4.5 5-4.5-5z",
  "triangle-up": "M13 .5l4.6 8.5H8.4z",
  x: "M10 .5l3 3 3-3 1.5 1.5-3 3 3 3L16 9.5l-3-3-3 3L8.5 8l3-3-3-3z",
  cross: "M11.7 .5h2.6v3.2h3.2v2.6h-3.2v3.2h-2.6V6.3H8.5V3.7h3.2z",
  star: "M13 0l1.4 3.3 3.6.3-2.7 2.3.8 3.5L13 7.5 9.9 9.4l.8-3.5L8 3.6l3.6-.3z",
  pentagon: "M13 .5l4.5 3.3-1.7 5.4h-5.6L8.5 3.8z",
};

const nth = (list, n) => list[n % list.length];

// The look of the n-th run: it keeps it whatever else is drawn. Runs of one colour differ in the rest.
export function look(n) {
  const round = Math.floor(n / COLOURS.length);
  return {
    colour: nth(COLOURS, n),
    dash: nth(Object.keys(DASHES), round),
    marker: nth(Object.keys(MARKERS), n + round),
  };
}

export const swatch = ({ colour, dash, marker }) =>
  html`<svg width="26" height="10" aria-hidden="true"><line x1="0" y1="5" x2="26" y2="5" stroke="${colour}"
    stroke-width="2.5" stroke-dasharray="${DASHES[dash]}"/><path d="${MARKERS[marker]}" fill="${colour}"/></svg>`;

// Draws the swatches of runs in the server's HTML, which names them, and lends their colours.
export function dress(element, lookOf) {
  for (const place of element.querySelectorAll("[data-look]")) {
    const own = lookOf(place.dataset.look);
    place.style.setProperty("--run", own.colour);
    if (place.matches("span")) place.innerHTML = swatch(own);
  }
}
