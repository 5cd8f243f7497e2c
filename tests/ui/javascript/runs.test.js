import { connect } from "/assets/gradio.js";
import { set } from "/assets/owner.js";
import { COLUMNS, cellOf } from "/assets/runs_table/columns.js";
import { nowOf, stateOf } from "/assets/training/words.js";
import { equal, test } from "/tests/runner.js";

const plain = text => String(text).replaceAll("\u00a0", " ");
const column = key => COLUMNS.find(each => each.key === key);
const run = {
  kind: "training",
  status: "completed",
  epoch: 2,
  max_epochs: 3,
  tags: [],
  texts: "sentences",
  config: { seed: 1 },
  owner: "guest",
  owner_digest: "digest of me",
};
const test_result = { accuracy: 0.5, low: 0.4, high: 0.6, reviews: 1000, loss: 0.7 };

test("without a value a dash is written", () => {
  equal(
    ["accuracy", "loss", "file", "rate"].map(key => plain(cellOf(column(key), run))),
    ["–", "–", "–", "–"],
  );
});

test("an accuracy stands above its interval", () => {
  const text = plain(cellOf(column("accuracy"), { ...run, test: test_result }));
  equal(text, "<b>50.0 %</b><small>40.0 % to 60.0 %</small>");
});

test("epochs are counted where not all are done", () => {
  equal(
    [run, { ...run, epoch: 3 }, { ...run, kind: "imported" }].map(each =>
      cellOf(column("epochs"), each),
    ),
    ["2 of 3", 3, "–"],
  );
});

test("own runs are yours, references are nobody's", async () => {
  connect({ owner_digest: async ({ owner }) => `digest of ${owner}` }, {});
  await set("me");
  equal(
    [run, { ...run, reference: true }].map(each => cellOf(column("owner"), each)),
    ["you", "guest"],
  );
});

test("a waiting run says where it waits", () => {
  const waiting = queue => nowOf({ ...run, status: "queued", queue });
  equal([waiting(1), waiting(3)], ["Next in the queue", "Number 3 in the queue"]);
});

test("a running run says how far it is", () => {
  const running = {
    ...run,
    status: "running",
    phase: "Training",
    step: 5,
    max_steps: 30,
    seconds_left: 61,
  };
  equal(plain(nowOf(running)), "step 5 of 30 · 61 s left");
  equal(nowOf({ ...run, status: "running", phase: "Loading", step: 0 }), "Loading …");
  equal(nowOf({ ...run, status: "running", step: 0 }), "Starting …");
});

test("a finished run says what it reached", () => {
  const text = nowOf({ ...run, test: test_result, training_seconds: 31, seconds: 44 });
  equal(
    plain(text),
    "Test accuracy 50.0 % (95 %: 40.0 % to 60.0 %) on 1,000 sentences · trained in 31 s, 44 s in all",
  );
  const old = { ...run, test: test_result, seconds: 44, problem: "r is too large." };
  equal(plain(nowOf(old)).endsWith("sentences · 44 s in all · r is too large."), true);
});

test("where its accuracy stands beside it, a finished run says how long it took, or what is odd", () => {
  equal(plain(stateOf({ ...run, test: test_result, seconds: 44 })), "44 s in all");
  equal(stateOf({ ...run, seems_swapped: true }).startsWith("Far below guessing"), true);
});

test("a run that ended early says why", () => {
  equal(nowOf({ ...run, status: "failed", error: "It is too large." }), "It is too large.");
  equal(nowOf({ ...run, status: "cancelled" }), "Stopped after 2 of 3 epochs");
  equal(nowOf({ ...run, status: "cancelled", epoch: 0 }), "Stopped before the first epoch ended");
});
