import { equal, test } from "/tests/runner.js";

const lines = () => document.querySelectorAll(".pd-line").length;
const settled = () => new Promise(done => setTimeout(done));

// Calls `act` with a wrapped fetch whose answers come when `answers` are called, each with its own.
async function waiting(name, act) {
  const { fetch } = window;
  const state = { isActive: true };
  const seen = { get: () => ({ ...state }), configurable: true };
  Object.defineProperty(navigator, "userActivation", seen);
  const answers = [];
  window.fetch = path =>
    new Promise(answer => {
      answers.push(body => {
        const url = { value: `http://here${path}` };
        answer(Object.defineProperty(new Response(body), "url", url));
      });
    });
  await import(`/assets/gradio.js?${name}`);
  await act(answers, state);
  delete navigator.userActivation;
  window.fetch = fetch;
}

test("what somebody waits for moves until it is there; a poll does not", () =>
  waiting("waits", async (answers, state) => {
    const pressed = window.fetch("/");
    equal(lines(), 1);
    state.isActive = false;
    const polled = window.fetch("/");
    equal(lines(), 1);
    for (const answer of answers) answer();
    await Promise.all([pressed, polled]);
    equal(lines(), 0);
  }));

test("what an event of Gradio's brings moves until the whole of it is there", () =>
  waiting("events", async answers => {
    const coming = window.fetch("/gradio_api/queue/data?session_hash=1");
    let end = null;
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("data: {}"));
        end = () => controller.close();
      },
    });
    answers[0](body);
    const answer = await coming;
    await settled();
    equal(lines(), 1);
    end();
    equal(await answer.text(), "data: {}");
    await settled();
    equal(lines(), 0);
  }));
