// What is compared, as the page's address has it: some runs, or a group as a whole.

export const MOST = 8;

export const isNone = ({ ids, group }) => !ids.length && !group;

// The evaluation set on which every run was tested.
export const TEST = "test";

const onSet = set => (set === TEST ? "" : `&evaluation_set=${encodeURIComponent(set)}`);

export const toQuery = ({ ids, group, set }) =>
  group
    ? `?view=group&group=${encodeURIComponent(group)}`
    : `?view=compare&run_ids=${ids.map(encodeURIComponent).join(",")}${onSet(set)}`;

// Null where the address is not that of a comparison.
export function fromQuery(query) {
  const found = new URLSearchParams(query);
  const set = found.get("evaluation_set") || TEST;
  if (found.get("view") === "group") return { ids: [], group: found.get("group") || null, set };
  if (found.get("view") !== "compare") return null;
  const ids = (found.get("run_ids") || "").split(",").filter(Boolean);
  return { ids: ids.slice(0, MOST), group: null, set };
}
