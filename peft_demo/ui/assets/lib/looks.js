// How runs look: eight hues that the colour-blind can tell apart; line and marker shapes tell the rest.

import { html } from "./html.js";

const COLOURS = "#325dff #b4481a #197757 #e91a92 #ce7b0f #7c70d8 #2994a6 #939752".split(" ");
const DASHES = { solid: "none", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3" };
// Plotly's, drawn in templates/markers.html.
const MARKERS = "circle,square,diamond,triangle-up,x,cross,star,pentagon".split(",");

const nth = (list, n) => list[n % list.length];

// The look of the n-th run: it keeps it whatever else is drawn. Runs of one colour differ in the rest.
export function look(n) {
  const round = Math.floor(n / COLOURS.length);
  return {
    colour: nth(COLOURS, n),
    dash: nth(Object.keys(DASHES), round),
    marker: nth(MARKERS, n + round),
  };
}

export const swatch = ({ colour, dash, marker }) =>
  html`<svg width="26" height="10" aria-hidden="true"><line x1="0" y1="5" x2="26" y2="5" stroke="${colour}"
    stroke-width="2.5" stroke-dasharray="${DASHES[dash]}"/><use href="#pd-marker-${marker}" fill="${colour}"/></svg>`;

// Draws the swatches of runs in the server's HTML, which names them, and lends their colours.
export function dress(element, lookOf) {
  for (const place of element.querySelectorAll("[data-look]")) {
    const own = lookOf(place.dataset.look);
    place.style.setProperty("--run", own.colour);
    if (place.matches("span")) place.innerHTML = swatch(own);
  }
}
