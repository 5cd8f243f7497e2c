// What is compared, as the page's address has it: some runs, or a group as a whole.

export const MOST = 8;

export const isNone = ({ ids, group }) => !ids.length && !group;

export const toQuery = ({ ids, group }) =>
  group
    ? `?view=group&group=${encodeURIComponent(group)}`
    : `?view=compare&run_ids=${ids.map(encodeURIComponent).join(",")}`;

// Null where the address is not that of a comparison.
export function fromQuery(query) {
  const found = new URLSearchParams(query);
  if (found.get("view") === "group") return { ids: [], group: found.get("group") || null };
  if (found.get("view") !== "compare") return null;
  const ids = (found.get("run_ids") || "").split(",").filter(Boolean);
  return { ids: ids.slice(0, MOST), group: null };
}
