import { figure, heightOf } from "/assets/charts/figure.js";
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

test("a figure has its height again, with the words below it, when it leaves the full screen", () => {
  const plot = document.createElement("div");
  plot.style.minHeight = "300px";
  equal(heightOf(plot), 300);
  plot.dataset.below = "32";
  equal(heightOf(plot), 332);
  const full = { get: () => plot, configurable: true };
  Object.defineProperty(document, "fullscreenElement", full);
  equal(heightOf(plot), window.innerHeight - 90);
  delete document.fullscreenElement;
  equal(heightOf(plot), 332);
});

test("a figure is drawn anew for another width, once it is seen, and not for the same", async () => {
  const plot = document.createElement("div");
  plot.style.display = "none";
  document.body.append(plot);
  window.Plotly = { react: () => Object.assign(plot, { data: [] }) };
  let times = 0;
  plot.again = () => {
    times += 1;
    figure(plot, "In words", [], {});
  };
  const settled = () => new Promise(done => setTimeout(done, 100));
  figure(plot, "In words", [], {});
  await settled();
  equal(times, 0);
  plot.style.display = "block";
  await settled();
  equal(times, 1);
  plot.style.height = "40px";
  await settled();
  equal(times, 1);
  plot.remove();
});
