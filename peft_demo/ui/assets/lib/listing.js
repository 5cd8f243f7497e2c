// Lists of runs, searched by words.

export function matcher(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return parts => {
    const searched = words.length && parts.join(" ").toLowerCase();
    return words.every(word => searched.includes(word));
  };
}
