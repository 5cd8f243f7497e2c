// All that is known about one run, in a dialog.

import { drawMade } from "../charts/made.js";
import { ask } from "../gradio.js";
import { openDialog, showTimes } from "../lib/dom.js";
import { html, markup } from "../lib/html.js";
import { _ } from "../lib/texts.js";
import { hides } from "../predictions.js";
import * as runs from "../runs.js";
import { toast } from "../runs_table/toast.js";

export async function openDetails(run_id) {
  if (hides(runs.get(run_id)?.group_id)) return toast(_("Its race is not revealed yet."));
  const run = await ask("details", { run_id });
  // The header says that there is no connection.
  if (run === undefined) return runs.poll();
  const dialog = openDialog(
    "pd-dialog",
    html`<button type="button" class="pd-button pd-close" data-close autofocus>${_("Close")}</button>
      ${run.error ? html`<p class="pd-problem">${run.error}</p>` : markup(run.html)}`,
  );
  dialog.setAttribute("aria-label", _("Details of %(name)s", { name: run_id }));
  showTimes(dialog);
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.showModal();
  const plot = dialog.querySelector(".pd-range");
  if (plot) drawMade(plot, run.figure);
}
