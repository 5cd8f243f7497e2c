// What can be done to runs: stop, star, delete with a way back, download.

import { ask, call, noAnswer } from "../gradio.js";
import { save } from "../lib/dom.js";
import { _, runsIn } from "../lib/texts.js";
import * as runs from "../runs.js";
import { toast } from "./toast.js";

// Others' runs and references stay as they are.
export const own = ids => ids.filter(id => runs.mayChange(runs.get(id)));

// Answers the sentence of a refusal, or an empty text.
export async function act(action, run_ids, more = {}) {
  const problem = await call("act", { action, run_ids, ...more });
  runs.poll();
  return problem ?? noAnswer;
}

// The same, with the sentence shown; answers whether it was done.
export async function acted(action, run_ids) {
  const problem = await act(action, run_ids);
  if (problem) toast(problem, { isProblem: true });
  return !problem;
}

export const star = (ids, isStarred) => acted(isStarred ? "star" : "unstar", own(ids));

export async function remove(ids) {
  const run_ids = own(ids);
  const what = run_ids.length === 1 ? runs.get(run_ids[0]).name : runsIn(run_ids);
  if (await acted("delete", run_ids))
    toast(_("Deleted %(what)s.", { what }), { undo: () => restore(run_ids) });
}

async function restore(run_ids) {
  if (await acted("restore", run_ids)) toast(_("%(what)s restored.", { what: runsIn(run_ids) }));
}

// Tests an import once more, as a run of its own.
export async function swapLabels(run_id, button) {
  button.disabled = true;
  const answer = await ask("swap_labels", { run_id });
  button.disabled = false;
  if (!answer?.run_id) return toast(answer?.error ?? noAnswer, { isProblem: true });
  button.closest("dialog")?.close();
  toast(_("%(run_id)s tests it with its labels swapped.", answer));
  runs.poll();
}

// The CSV begins with a byte order mark, by which spreadsheets know UTF-8.
export async function download(run_ids, kind) {
  const text = await call("records", { run_ids, kind });
  const problem = text?.startsWith('{"error"') ? JSON.parse(text).error : "";
  if (problem || text === undefined) return toast(problem || noAnswer, { isProblem: true });
  if (kind === "csv") save("runs.csv", `\ufeff${text}`, "text/csv");
  else save("runs.json", text, "application/json");
  toast(_("Saved %(what)s as %(file)s.", { what: runsIn(run_ids), file: `runs.${kind}` }));
}
