import { figure } from "/assets/charts/figure.js";
import { equal, test } from "/tests/runner.js";

const SVG = "http://www.w3.org/2000/svg";

// What is hidden at first of a curve whose path was one and is another then; nothing if it does not move.
function hiddenAtFirst(before, after) {
  const plot = document.createElement("div");
  const line = document.createElementNS(SVG, "path");
  line.classList.add("js-line");
  if (before) line.setAttribute("d", before);
  plot.append(document.createElementNS(SVG, "svg"));
  plot.firstChild.append(line);
  document.body.append(plot);
  window.Plotly = { react: () => line.setAttribute("d", after) };
  figure(plot, "In words", [], {});
  const frames = line.getAnimations().map(each => each.effect.getKeyframes()[0].clipPath);
  plot.remove();
  return frames;
}

test("a curve's new segment eases in", () => {
  equal(hiddenAtFirst("M0,9L10,8", "M0,9L10,8L40,7"), ["inset(-9px 75% -9px -9px)"]);
});

test("what was there, and a curve that is new as a whole, does not move", () => {
  equal(hiddenAtFirst("M0,9L10,8", "M0,4L20,3"), []);
  equal(hiddenAtFirst(null, "M0,4L20,3"), []);
});

test("nothing moves where the system asks for less motion", () => {
  const { matchMedia } = window;
  window.matchMedia = () => ({ matches: false });
  equal(hiddenAtFirst("M0,9L10,8", "M0,9L10,8L40,7"), []);
  window.matchMedia = matchMedia;
});

test("a finger that moves over a figure scrolls the page, and Plotly's buttons stay away", () => {
  const { matchMedia } = window;
  const given = [];
  window.Plotly = { react: (_, __, layout, config) => given.push([layout.dragmode, config]) };
  for (const pointer of ["coarse", "fine"]) {
    window.matchMedia = asked => ({ matches: asked === `(pointer: ${pointer})` });
    figure(document.createElement("div"), "In words", [], {});
  }
  window.matchMedia = matchMedia;
  equal(
    given.map(([dragmode]) => dragmode),
    [false, "zoom"],
  );
  equal(
    given.map(([, config]) => config.displayModeBar),
    [false, false],
  );
});
