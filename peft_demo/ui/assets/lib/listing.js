// Lists of runs: searched by words, and sorted by a value of each.

export function matcher(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return parts => {
    const searched = words.length && parts.join(" ").toLowerCase();
    return words.every(word => searched.includes(word));
  };
}

// What has no value comes last, whatever the direction; equal values keep their order.
export function sorted(items, by, isDown) {
  const sign = isDown ? -1 : 1;
  return items.toSorted((one, other) => {
    const [a, b] = [by(one), by(other)];
    if (a == null || b == null) return (a == null) - (b == null);
    return a < b ? -sign : a > b ? sign : 0;
  });
}
