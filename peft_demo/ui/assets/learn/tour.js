// The tour of the page: a light on the real elements; it can be left and resumed.

import { ask } from "../gradio.js";
import { openTab, whenPressed } from "../lib/dom.js";

const KEPT = "peft-demo-tour";
const WAIT_MS = 20_000;

export function start() {
  whenPressed("data-tour", begin);
  // Offered beside the questions until it was looked at; later it waits in the Learn tab.
  document.body.toggleAttribute("data-knows-the-page", localStorage.getItem(KEPT) !== null);
}

async function begin() {
  const [answer, { driver }] = await Promise.all([ask("tour"), import("../vendor/driver.mjs")]);
  if (!answer?.stops) return;
  const { stops, texts } = answer;
  const tour = driver({
    steps: stops.map(step),
    showProgress: true,
    ...texts,
    overlayOpacity: 0.4,
    // While it moves, the driver takes no notice of the click that a stop waits for.
    animate: false,
    waitForElement: WAIT_MS,
    skipMissingElement: true,
    onHighlightStarted: () => localStorage.setItem(KEPT, tour.getActiveIndex()),
    onDoneClick() {
      localStorage.setItem(KEPT, 0);
      tour.destroy();
    },
  });
  tour.drive(Number(localStorage.getItem(KEPT) ?? 0) % stops.length);
}

const step = ({ at, title, text, tab, waits }) => ({
  element() {
    if (tab) openTab(tab, 0);
    return [...document.querySelectorAll(at)].find(each => each.checkVisibility());
  },
  advanceOnClick: waits === "click",
  popover: {
    title,
    description: text,
    showButtons: ["previous", "close", ...(waits ? [] : ["next"])],
  },
});
