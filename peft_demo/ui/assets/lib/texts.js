// Texts in the page's language. In double quotes, or scripts/update_languages.py does not find them.

import { plural, texts } from "./catalogue.js";
import { whole } from "./format.js";

const filled = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

export const _ = (text, values = {}) => filled(texts[text] ?? text, values);

// `one` is for 1.
export const counted = (one, many, count) =>
  filled((texts[one] ?? [one, many])[Number(plural(count))], { count: whole(count) });

export const runsIn = ({ length }) => counted("%(count)s run", "%(count)s runs", length);
