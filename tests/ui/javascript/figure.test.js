import { grown } from "/assets/charts/figure.js";
import { equal, test } from "/tests/runner.js";

const trace = (name, y) => ({ name, mode: "lines", x: y.map((_, i) => i), y });

test("a curve with one more point starts with it upon the one before", () => {
  const [curve] = grown([trace("a", [1, 2, 5])], [trace("a", [1, 2])]);
  equal(
    [curve.x, curve.y],
    [
      [0, 1, 1],
      [1, 2, 2],
    ],
  );
});

test("a first point, several at once, another curve and none before just come", () => {
  const before = [trace("a", []), trace("b", [1]), trace("c", [1])];
  equal(grown([trace("a", [1]), trace("b", [1, 2, 3]), trace("d", [1, 2])], before), [
    null,
    null,
    null,
  ]);
  equal(grown([trace("a", [1, 2])], undefined), [null]);
  equal(grown([trace(undefined, [1, 2])], []), [null]);
});
