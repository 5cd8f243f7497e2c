// What Gradio hands to the page's script: functions of the server, and events to its own side.

import { _ } from "./lib/texts.js";

let server = null;
let events = null;

export const NO_CONNECTION = _("No connection to the server: nothing was changed.");

export function connect(itsServer, itsEvents) {
  server = itsServer;
  events = itsEvents;
}

export const isConnected = () => server !== null;

// Undefined when the server cannot be reached, null when nothing is new.
export const call = (name, request = {}) => server[name](request);

export async function ask(name, request) {
  const text = await call(name, request);
  return text ? JSON.parse(text) : text;
}

export const tell = (event, data) => events[event](data);

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
