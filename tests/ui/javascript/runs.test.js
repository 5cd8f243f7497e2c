import { connect } from "/assets/gradio.js";
import { set } from "/assets/owner.js";
import { COLUMNS, cellOf } from "/assets/runs_table/columns.js";
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
