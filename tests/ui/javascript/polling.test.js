import { connect } from "/assets/gradio.js";
import { all, poll } from "/assets/runs.js";
import { equal, test } from "/tests/runner.js";

const newsOf = version => ({
  version,
  models: { state: "ready", text: "" },
  problem: null,
  ids: ["run-000001"],
  runs: [{ id: "run-000001", version, status: "running", reference: false }],
  curves: { "run-000001": {} },
});

test("polls that overlap are asked one after another, so that no answer overtakes a newer one", async () => {
  const answers = [];
  connect({ poll: () => new Promise(answer => answers.push(answer)) }, {});
  const first = poll();
  const others = [poll(), poll()];
  equal(answers.length, 1);
  answers[0](JSON.stringify(newsOf(1)));
  await first;
  await Promise.resolve();
  equal(answers.length, 2);
  answers[1](JSON.stringify(newsOf(2)));
  await Promise.all(others);
  equal([answers.length, all()[0].version], [2, 2]);
});
