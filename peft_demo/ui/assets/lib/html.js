// HTML that escapes by default: html`<b>${name}</b>` escapes the name, and takes other html`…` and
// lists of them as they are; nothing is written for null, undefined and false.

export const escaped = text =>
  String(text ?? "").replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);

class Html {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

// The server's HTML: its templates escape.
export const markup = text => new Html(text);

function written(value) {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(written).join("");
  return value === false ? "" : escaped(value);
}

export const html = (strings, ...values) =>
  new Html(String.raw({ raw: strings }, ...values.map(written)));

// In the middle: names of repeats and sweeps differ at their ends.
export const cut = (text, most) =>
  text.length > most ? `${text.slice(0, most - 9)}…${text.slice(-8)}` : text;

// A name whose last part stays where there is no room for all of it.
const parts = name => name.split(/(?= · [^·]*$)/).map(part => html`<span>${part}</span>`);
export const named = name => html`<span class="pd-named">${parts(name)}</span>`;
