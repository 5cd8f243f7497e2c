// What Gradio hands to the page's script: functions of the server, and events to its own side.

let server = null;
let events = null;

export const NO_CONNECTION = "No connection to the server: nothing was changed.";

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
