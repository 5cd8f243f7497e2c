// The report to hand in: the server writes it, and what stands in its form stays in this browser.

import { ask, noAnswer } from "../gradio.js";
import { KEPT as LESSONS } from "../learn/player.js";
import { keep, recall, save, setText } from "../lib/dom.js";
import { _ } from "../lib/texts.js";
import * as question from "./question.js";

const KEPT = "pd-report";

const written = form => Object.fromEntries(new FormData(form));

export function attach(form) {
  for (const [name, text] of Object.entries(recall(KEPT))) form.elements[name].value = text;
  form.addEventListener("input", () => keep(KEPT, JSON.stringify(written(form))));
  form.addEventListener("submit", event => {
    event.preventDefault();
    download(form);
  });
}

async function download(form) {
  const say = words => setText(form.querySelector("[role=status]"), words);
  say(_("Writing …"));
  const { run_ids = [], evaluation_set, margin } = question.answered() ?? {};
  const lessons = Object.entries(recall(LESSONS).progress || {});
  const guesses = Object.fromEntries(lessons.map(([id, { choices = {} }]) => [id, choices]));
  const address = location.origin + location.pathname;
  const about = { run_ids, evaluation_set, margin, guesses, address };
  const answer = await ask("report", { ...about, ...written(form) });
  const file = "report.html";
  if (answer?.html) save(file, answer.html, "text/html");
  say(answer?.html ? _("Saved as %(file)s.", { file }) : (answer?.error ?? noAnswer));
}
