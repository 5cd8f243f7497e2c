// A comparison as a report on paper: opened, light, and as wide as the paper.

import { locale } from "../lib/catalogue.js";
import { html } from "../lib/html.js";
import { fill, findAll, isSeen } from "./layout.js";

let folded = [];

// `draw` draws the page, `link` gives its address.
export function start(draw, link) {
  addEventListener("beforeprint", () => isSeen() && turn(true));
  addEventListener("afterprint", () => isSeen() && turn(false));

  function turn(isPaper) {
    const { classList } = document.body;
    classList.toggle("pd-on-paper", isPaper);
    classList.replace(...(isPaper ? ["dark", "pd-dark"] : ["pd-dark", "dark"]));
    if (isPaper) folded = [...findAll(".pd-compare-body details:not([open])")];
    for (const part of folded) part.open = isPaper;
    const date = new Date().toLocaleDateString(locale, { dateStyle: "long" });
    fill("paper", html`${date} · <a href="${link()}">${link()}</a>`);
    draw();
    for (const plot of findAll(".js-plotly-plot")) {
      Plotly.relayout(plot, { width: isPaper ? plot.clientWidth : null, autosize: !isPaper });
    }
  }
}
