import { connect } from "/assets/gradio.js";
import { poll } from "/assets/runs.js";
import * as selection from "/assets/selection.js";
import { listed } from "/assets/training/rows.js";
import { latest } from "/assets/training/verdict.js";
import { equal, test } from "/tests/runner.js";

const run = (number, status = "completed") => ({ id: `run-${number}`, status });
const reference = { id: "reference-a", status: "completed", reference: true };
const tested = (id, accuracy, more = {}) => ({ id, test: { accuracy }, ...more });

test("of 500 runs few are listed: more than 72 rows would make the page slow", () => {
  const over = Array.from({ length: 400 }, (_, index) => run(500 - index));
  const waiting = Array.from({ length: 100 }, (_, index) => run(600 - index, "queued"));
  selection.toggle("run-300");
  selection.pin("run-200");
  const rows = listed([...waiting, ...over, reference]).map(({ id }) => id);
  equal(rows.slice(0, 2), ["run-501", "run-502"]);
  equal(rows.slice(15, 18), ["run-516", "run-500", "run-499"]);
  equal(rows.slice(-4), ["run-477", "run-300", "run-200", "reference-a"]);
  equal(rows.length, 16 + 24 + 3);
  selection.toggle("run-300");
  selection.pin("run-200");
  equal(selection.pinned(), "");
});

test("the verdict is on one's own latest run, then others', then the best reference", async () => {
  const news = { version: 1, models: {}, ids: [], runs: [], curves: {}, you: { owner: "me" } };
  connect({ poll: async () => JSON.stringify(news) }, {});
  await poll();
  const references = [0.5, 0.8, 0.7].map((accuracy, index) =>
    tested(`reference-${index}`, accuracy, { reference: true }),
  );
  const theirs = tested("theirs", 0.6);
  const mine = tested("mine", 0.6, { owner_digest: "me" });
  const told = all => latest(all)?.id;
  equal([told([{ id: "waits" }]), told(references)], [undefined, "reference-1"]);
  equal([told([theirs, ...references]), told([theirs, mine, ...references])], ["theirs", "mine"]);
});
