// What buttons, forms and places ask the server, as their attributes say: `data-ask` names the function,
// `data-with` what goes with it, where what only the browser knows has a $name; a form's fields go too.
// The answer is HTML for the place that it was asked from, a refusal, or says by keys what comes of it.
// `data-tell` is an event of Gradio's side instead, `data-opens` shows the form that it fills, and
// `data-shows` another part of the page.

import { drawMade } from "./charts/made.js";
import { copy, say } from "./copy.js";
import { brief } from "./form/brief.js";
import * as form from "./form/sidebar.js";
import { call, noAnswer, tell } from "./gradio.js";
import { openDialog, replace, save, showTimes, whenPressed } from "./lib/dom.js";
import { markup } from "./lib/html.js";
import { secret } from "./predictions.js";
import { poll, restart } from "./runs.js";
import { toast } from "./toast.js";

const KNOWN = {
  $run: element => element.closest("[data-run]").dataset.run,
  $form: () => brief()?.link ?? "",
  $here: () => location.origin + location.pathname,
  $query: () => location.search.slice(1),
  $star: button => (button.ariaPressed === "true" ? "unstar" : "star"),
  $secret: secret,
};

// What other parts of the page know: functions of the element that asks, by their names.
export const know = more => Object.assign(KNOWN, more);

function requestOf(element) {
  const { with: given = "{}", lists = "" } = element.dataset;
  const put = (__, value) => (Object.hasOwn(KNOWN, value) ? KNOWN[value](element) : value);
  const fields = new FormData(element.matches("form") ? element : undefined);
  const several = lists.split(" ").map(name => [name, fields.getAll(name)]);
  const request = { ...Object.fromEntries(fields), ...JSON.parse(given, put) };
  return lists ? { ...request, ...Object.fromEntries(several) } : request;
}

const READ = { "<": html => ({ html }), "{": JSON.parse };
const read = text => (READ[text.trim()[0]] ?? (error => ({ error })))(text);

// What was asked last by each element: an older answer does not overwrite a newer one.
const latest = new WeakMap();

// Once, as long as there is no answer.
export const askOnce = element => latest.has(element) || ask(element);

export async function ask(element) {
  const request = requestOf(element);
  latest.set(element, request);
  element.ariaBusy = "true";
  const text = await call(element.dataset.ask, request);
  if (latest.get(element) !== request) return;
  latest.delete(element);
  element.ariaBusy = "false";
  element.matches("[data-anew] *") ? restart() : poll();
  if (text !== "") show(text === undefined ? { error: noAnswer } : read(text), element);
  else element.closest("dialog")?.close();
}

function show({ error, html, dialog, figure, file, ...told }, element) {
  const place = element.querySelector("[data-answer]") ?? element.closest("[data-place]");
  const problem = element.querySelector("[data-problem]");
  if (problem) problem.textContent = error ?? "";
  if (error && !problem) toast(error, { isProblem: true });
  if (html !== undefined) fill(place, html);
  if (file) save(file);
  if (told.said) say(element, told.said);
  if (told.toast) toast(told.toast, told);
  if (!error && html === undefined && !file) element.closest("dialog")?.close();
  if (dialog) openDialog(dialog);
  const plot = figure && document.querySelector("dialog .pd-range");
  if (plot) drawMade(plot, figure);
}

// What is wrong, or else the place, has the focus if it was there.
function fill(place, html) {
  const isThere = place.matches(":focus-within, :popover-open");
  replace(place, markup(html));
  showTimes(place);
  if (isThere) (place.querySelector("[aria-invalid=true]") ?? place).focus();
}

export function start() {
  whenPressed("data-ask", (__, button) => askOnce(button));
  whenPressed("data-copy", (query, button) => copy(button, KNOWN[query]?.() ?? query));
  whenPressed("data-tell", (event, button) => {
    tell(event, requestOf(button));
    button.closest("dialog")?.close();
    const { shows } = button.dataset;
    if (shows) document.querySelector(shows).scrollIntoView({ behavior: "smooth" });
    if ("opens" in button.dataset) form.open();
    if (button.dataset.opens === "several") form.showSeveral();
  });
  document.addEventListener("submit", event => {
    if (!event.target.dataset.ask || event.submitter?.formMethod === "dialog") return;
    event.preventDefault();
    askOnce(event.target);
  });
  document.addEventListener("change", ({ target }) => {
    if (target.form?.matches("[data-asks-on=change]")) ask(target.form);
  });
  // A place that is filled whenever it is opened.
  const opened = ({ target, newState }) => newState === "open" && target.dataset.ask && ask(target);
  document.addEventListener("toggle", opened, true);
}
