// What Gradio hands to the page's script: functions of the server, and events to its own side.

import { _ } from "./lib/texts.js";
import { toast } from "./toast.js";

const NO_CONNECTION = _("No connection to the server: nothing was changed.");
const gradio = {};

// Why there was no answer to the last call.
export let noAnswer = NO_CONNECTION;
export const isRefused = () => noAnswer !== NO_CONNECTION;

export const connect = (server, events) => Object.assign(gradio, { server, events });
export const isConnected = () => Boolean(gradio.server);

// What somebody waits for moves after a while (see page.css); and Gradio's own script drops the
// sentence with which too many requests are refused.
const { fetch } = window;
window.fetch = async (...request) => {
  const line = Object.assign(document.createElement("i"), { className: "pd-line" });
  if (navigator.userActivation?.isActive) document.body.append(line);
  const over = () => line.remove();
  const coming = fetch(...request);
  // What Gradio's events bring comes in one answer, which ends with the last of them.
  const whole = answer => answer.url.includes("/queue/data") && answer.clone().text();
  coming.then(whole).then(over, over);
  noAnswer = NO_CONNECTION;
  const answer = await coming;
  if (answer.status === 429 && answer.url.includes("/component_server")) {
    noAnswer = (await answer.clone().json()).error;
    toast(noAnswer, { isProblem: true });
  }
  return answer;
};

// Undefined when the server cannot be reached, null when nothing is new.
export const call = (name, request = {}) => gradio.server[name](request);

export async function ask(name, request) {
  const text = await call(name, request);
  return text ? JSON.parse(text) : text;
}

export const tell = (event, data) => gradio.events[event](data);

// The same function, one call after another: what is wanted meanwhile is done once, after it.
export function oneAtATime(act) {
  let going = null;
  let next = null;
  return function again(...about) {
    if (!going) {
      going = act(...about).finally(() => {
        going = null;
      });
      return going;
    }
    next ??= going.then(() => {
      next = null;
      return again(...about);
    });
    return next;
  };
}
