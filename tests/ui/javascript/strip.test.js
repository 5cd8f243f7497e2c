import { connect } from "/assets/gradio.js";
import { poll } from "/assets/runs.js";
import { overAtOnce, told } from "/assets/training/strip.js";
import { equal, test } from "/tests/runner.js";

const run = (id, status) => ({ id, status });
const done = run("c", "completed");

test("nothing goes on, and nothing has ended: what can be asked", () => {
  equal(told([done], null), { state: "idle", run: null, waiting: 0 });
});

test("the run that is trained comes before those that wait", () => {
  const all = [run("b", "queued"), run("a", "running"), done];
  equal(told(all, null), { state: "going", run: run("a", "running"), waiting: 1 });
});

async function actAs(owner) {
  const news = { version: 1, models: {}, ids: [], runs: [], curves: {}, you: { owner } };
  connect({ poll: async () => JSON.stringify(news) }, {});
  await poll();
}

test("one's own run comes before others'", async () => {
  await actAs("me");
  const mine = { ...run("b", "queued"), owner_digest: "me" };
  equal(told([mine, run("a", "running"), done], null), { state: "going", run: mine, waiting: 1 });
});

test("where all wait, the next one is told: runs come newest first", () => {
  const all = [run("b", "queued"), run("a", "queued")];
  equal(told(all, done).run.id, "a");
});

test("what was just sent is told until the server knows it", () => {
  equal(told([done], done, { id: "" }), { state: "going", run: { id: "" }, waiting: 0 });
  equal(told([run("a", "queued"), done], done, { id: "" }).run.id, "a");
});

test("the last one to end is told until the next begins", () => {
  equal(told([done], done), { state: "ended", run: done, waiting: 0 });
});

test("what was sent and is over before it was seen is one's own, and new", async () => {
  await actAs("me");
  const mine = { ...run("d", "interrupted"), owner_digest: "me" };
  const theirs = { ...run("e", "failed"), owner_digest: "them" };
  const sent = { id: "", known: new Set(["c"]) };
  equal(overAtOnce([theirs, mine, done], sent), mine);
  equal(overAtOnce([theirs, { ...mine, status: "running" }, done], sent), undefined);
  equal(overAtOnce([{ ...mine, id: "c" }], sent), undefined);
});
