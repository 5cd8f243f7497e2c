// The figures of a comparison: those that the server made, and curves.

import { drawCurves } from "../charts/curves.js";
import { drawMade } from "../charts/made.js";
import { KINDS } from "../lib/curves.js";
import { lookOf } from "../runs.js";
import { plot } from "./layout.js";
import { options } from "./options.js";

export function drawFigures({ figures, series, averaged, lines: baselines, texts }) {
  for (const [name, made] of Object.entries(figures)) if (plot(name)) drawMade(plot(name), made);
  for (const kind of KINDS) {
    // Repeats as their mean, unless a person wants each of them; single steps have none.
    const isMean = averaged && options.mean && kind.track === "by_epoch";
    const shown = (isMean ? averaged : series).map(run => ({ ...run, look: lookOf(run.run) }));
    if (plot(kind.key)) drawCurves(plot(kind.key), kind, shown, { ...options, baselines, texts });
  }
}
