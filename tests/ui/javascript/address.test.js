import { fromQuery, isNone, MOST, toQuery } from "/assets/compare/address.js";
import { equal, test } from "/tests/runner.js";

test("some runs, there and back", () => {
  const asked = { ids: ["run-000001", "reference-ia3"], group: null, set: "test" };
  equal(toQuery(asked), "?view=compare&run_ids=run-000001,reference-ia3");
  equal(fromQuery(toQuery(asked)), asked);
});

test("a group, there and back", () => {
  const asked = { ids: [], group: "group-000001", set: "test" };
  equal(fromQuery(toQuery(asked)), asked);
});

test("another evaluation set, there and back", () => {
  const asked = { ids: ["run-000001", "run-000002"], group: null, set: "negations" };
  equal(toQuery(asked).endsWith("&evaluation_set=negations"), true);
  equal(fromQuery(toQuery(asked)), asked);
});

test("other addresses are no comparison", () => equal(fromQuery("?method=vera"), null));

test("more than the most are left out", () => {
  equal(fromQuery(`?view=compare&run_ids=${"x,".repeat(20)}`).ids.length, MOST);
});

test("nothing is nothing", () => {
  equal([isNone({ ids: [], group: null }), isNone({ ids: ["a"], group: null })], [true, false]);
});
