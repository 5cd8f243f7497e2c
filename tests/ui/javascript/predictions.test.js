import { get, hides, secret, set, veiled } from "/assets/predictions.js";
import { equal, test } from "/tests/runner.js";

const run = {
  id: "run-000001",
  group_id: "group-000001",
  status: "completed",
  seconds: 4,
  test: { accuracy: 0.5 },
  eval_accuracy: 0.5,
};

test("a race that is predicted first shows no result, but how far it is", () => {
  equal(veiled(run), run);
  set("group-000001", {});
  const hidden = veiled(run);
  equal([hidden.test, hidden.eval_accuracy, secret()], [null, null, ["group-000001"]]);
  equal([hidden.status, hidden.seconds], ["completed", 4]);
  const other = { ...run, group_id: "group-000002" };
  equal(veiled(other), other);
});

test("the guess is kept when it is revealed", () => {
  set("group-000001", { guess: "r 64" });
  equal(hides("group-000001"), true);
  set("group-000001", { isRevealed: true });
  equal([hides("group-000001"), get("group-000001").guess], [false, "r 64"]);
  equal(veiled(run), run);
});
