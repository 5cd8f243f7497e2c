import { equal, test } from "/tests/runner.js";

const lines = () => document.querySelectorAll(".pd-line").length;
const after = ms => new Promise(done => setTimeout(done, ms));

test("what somebody waits for moves after a while, until it is there; a poll does not", async () => {
  const { fetch } = window;
  let isActive = true;
  const seen = { get: () => ({ isActive }), configurable: true };
  Object.defineProperty(navigator, "userActivation", seen);
  const answers = [];
  window.fetch = () => new Promise(answer => answers.push(() => answer(new Response())));
  await import("/assets/gradio.js?waits");
  const pressed = window.fetch("/");
  equal(lines(), 0);
  isActive = false;
  const polled = window.fetch("/");
  await after(350);
  equal(lines(), 1);
  for (const answer of answers) answer();
  await Promise.all([pressed, polled]);
  equal(lines(), 0);
  delete navigator.userActivation;
  window.fetch = fetch;
});
