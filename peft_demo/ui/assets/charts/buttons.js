// The buttons in a figure's caption: keep it as a file, see it on the full screen.

import { whenPressed } from "../lib/dom.js";
import { heightOf } from "./figure.js";

const plotOf = place => place.closest("figure").querySelector(".pd-plot");

const PRESSED = {
  // Drawn in this browser: nothing is sent anywhere.
  png(button) {
    const plot = plotOf(button);
    const { clientWidth: width, clientHeight: height } = plot;
    const filename = plot.dataset.title.toLowerCase().replaceAll(" ", "-");
    if (plot.data) Plotly.downloadImage(plot, { format: "png", filename, width, height, scale: 2 });
  },
  full(button) {
    if (document.fullscreenElement) document.exitFullscreen();
    else button.closest("figure").requestFullscreen();
  },
};

export function start() {
  whenPressed("data-figure", (action, button) => PRESSED[action](button));
  document.addEventListener("fullscreenchange", ({ target }) => {
    const plot = target.querySelector?.(".pd-plot");
    if (plot?.data) Plotly.relayout(plot, { height: heightOf(plot) });
  });
}
