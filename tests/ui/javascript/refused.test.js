import { equal, test } from "/tests/runner.js";

const SENTENCE = "Too many requests: wait a moment and try again.";

test("a page function that is refused for its rate shows the server's sentence, and others do not", async () => {
  document.body.innerHTML = '<div class="pd-toasts"></div>';
  const statuses = {
    "/component_server/": 429,
    "/queue/join": 429,
    "/poll/component_server/": 200,
  };
  const { fetch } = window;
  window.fetch = async path => {
    const answer = Response.json({ error: SENTENCE }, { status: statuses[path] });
    return Object.defineProperty(answer, "url", { value: `http://here${path}` });
  };
  const gradio = await import("/assets/gradio.js?wrapped");
  const shown = () => document.querySelector(".pd-toasts").textContent;
  await window.fetch("/queue/join");
  equal([shown().includes(SENTENCE), gradio.noAnswer === SENTENCE], [false, false]);
  const answer = await window.fetch("/component_server/");
  // Gradio's own script reads the answer, too.
  equal((await answer.json()).error, SENTENCE);
  equal([shown().includes(SENTENCE), gradio.noAnswer], [true, SENTENCE]);
  equal(gradio.isRefused(), true);
  equal(document.querySelector(".pd-toast").getAttribute("role"), "alert");
  await window.fetch("/poll/component_server/");
  equal([gradio.noAnswer === SENTENCE, gradio.isRefused()], [false, false]);
  window.fetch = fetch;
});
