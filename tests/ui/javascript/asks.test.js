import { know, start } from "/assets/asks.js";
import { connect } from "/assets/gradio.js";
import { equal, test } from "/tests/runner.js";

const asked = [];
let answers = [];
const told = [];
const page = {
  act: request => new Promise(answer => asked.push(request) && answers.push(answer)),
  poll: async () => null,
};
connect(page, { again: data => told.push(data) });
start();
know({ $of: element => element.dataset.of });

const settled = () => new Promise(done => setTimeout(done));
const place = document.createElement("div");
document.body.append(place);

async function drawn(markup, { presses = "button" } = {}) {
  place.innerHTML = `<div class="pd-toasts"></div>${markup}`;
  asked.length = 0;
  answers = [];
  place.querySelector(presses).click();
  await settled();
}

async function answered(text, index = 0) {
  answers[index](text);
  await settled();
  await settled();
}

test("a button asks with what its attributes say, once, and its place takes the answer", async () => {
  const about = '{"run_ids": ["$run"], "of": "$of", "text": "$nothing"}';
  await drawn(`<div data-place data-run="run-1" tabindex="-1">
    <button type="button" data-ask="act" data-of="it" data-with='${about}'>x</button></div>`);
  place.querySelector("button").click();
  await settled();
  equal(asked, [{ run_ids: ["run-1"], of: "it", text: "$nothing" }]);
  await answered("<p>told</p>");
  equal(place.querySelector("[data-place]").innerHTML, "<p>told</p>");
});

test("a form's fields go along, several of a name as a list", async () => {
  await drawn(`<form data-ask="act" data-lists="show" data-with='{"more": 1}'>
    <input name="name" value="n"><input type="checkbox" name="show" value="a" checked>
    <input type="checkbox" name="show" value="b" checked><button>x</button></form>`);
  equal(asked, [{ name: "n", show: ["a", "b"], more: 1 }]);
});

test("a refusal stands in its form, or else at the foot of the page", async () => {
  await drawn('<form data-ask="act"><p data-problem>old</p><button>x</button></form>');
  await answered("tags must be short");
  equal(place.querySelector("[data-problem]").textContent, "tags must be short");
  await drawn('<button type="button" data-ask="act">x</button>');
  await answered('{"error": "<no>"}');
  equal(place.querySelector("[role=alert] span").textContent, "<no>");
});

test("what was done closes its dialog, and can be taken back", async () => {
  await drawn('<dialog open><button type="button" data-ask="act">x</button></dialog>');
  const undo = { action: "restore", run_ids: ["run-1"] };
  await answered(JSON.stringify({ toast: "Deleted.", undo }));
  equal(place.querySelector("dialog").open, false);
  place.querySelector("[data-undo]").click();
  await settled();
  equal(asked[1], undo);
});

test("an older answer does not overwrite a newer one", async () => {
  await drawn(
    '<form data-ask="act" data-asks-on="change"><input name="n" type="checkbox"><p data-answer></p></form>',
    { presses: "input" },
  );
  place.querySelector("input").click();
  await settled();
  await answered("<b>new</b>", 1);
  await answered("<b>old</b>", 0);
  equal(place.querySelector("[data-answer]").textContent, "new");
});

test("an event of Gradio's side is told", async () => {
  await drawn(`<button type="button" data-tell="again" data-with='{"query": "r=4"}'>x</button>`);
  equal([told, asked], [[{ query: "r=4" }], []]);
});
