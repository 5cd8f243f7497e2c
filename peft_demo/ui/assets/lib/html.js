// HTML that escapes by default: html`<b>${name}</b>` escapes the name, and takes other html`…` and
// lists of them as they are; nothing is written for null, undefined and false.

const entity = character => `&#${character.charCodeAt(0)};`;

export const escaped = text => String(text ?? "").replace(/[&<>"']/g, entity);

class Html {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

function written(value) {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(written).join("");
  return value === false ? "" : escaped(value);
}

export function html(strings, ...values) {
  return new Html(String.raw({ raw: strings }, ...values.map(written)));
}

export const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// A number and its percent sign stay on one line, and so does a p value.
export const glued = sentence =>
  sentence.replace(/(\d) %/g, "$1\u00a0%").replace(/p ([=<]) /g, "p\u00a0$1\u00a0");

// A name in several lines, for Plotly.
export const wrapped = (name, width = 20) =>
  escaped(cut(name, 44)).replace(new RegExp(`(.{${width},}?) `, "g"), "$1<br>");
