import { cut, escaped, html, named } from "/assets/lib/html.js";
import { equal, test } from "/tests/runner.js";

const nasty = `<img src=x onerror="alert('&')">`;
const harmless = "&#60;img src=x onerror=&#34;alert(&#39;&#38;&#39;)&#34;&#62;";

test("what would be HTML is escaped", () => equal(escaped(nasty), harmless));

test("values in a template are escaped, in attributes too", () => {
  equal(String(html`<b title="${nasty}">${nasty}</b>`), `<b title="${harmless}">${harmless}</b>`);
});

test("templates in a template, and lists of them, stay as they are", () => {
  const items = ["a<b", "c"].map(name => html`<li>${name}</li>`);
  equal(String(html`<ul>${items}</ul>`), "<ul><li>a&#60;b</li><li>c</li></ul>");
});

test("nothing is written for null, undefined and false, but zero is", () => {
  equal(String(html`${null}${undefined}${false}${0}${[null, 1]}`), "01");
});

test("a list of texts is escaped", () => equal(String(html`${["<", ">"]}`), "&#60;&#62;"));

test("backslashes stay", () => equal(String(html`<i>\u00a0${"\\n"}</i>`), "<i>\u00a0\\n</i>"));

test("long names are cut in their middle", () => {
  equal(
    [cut("LoRA · seed 1", 13), cut("LoRA · r 8 · seed 1", 13)],
    ["LoRA · seed 1", "LoRA…· seed 1"],
  );
});

test("a name keeps its last part, by which repeats differ", () => {
  const place = document.createElement("div");
  place.innerHTML = named("LoRA · r 8 · <b> · seed 49");
  equal(
    [...place.querySelectorAll(".pd-named span")].map(part => part.textContent),
    ["LoRA · r 8 · <b>", " · seed 49"],
  );
  equal(String(named("mine")), '<span class="pd-named"><span>mine</span></span>');
});
