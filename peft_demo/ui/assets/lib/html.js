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

// The server's HTML: its templates escape.
export const markup = text => new Html(text);

function written(value) {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(written).join("");
  return value === false ? "" : escaped(value);
}

export function html(strings, ...values) {
  return new Html(String.raw({ raw: strings }, ...values.map(written)));
}

export const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
