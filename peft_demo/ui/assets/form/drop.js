// Files are dropped onto the place of a button that chooses them, which Gradio's has for clicks only.

export function start() {
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, taken);
}

function taken(event) {
  const input = event.target.closest?.(".pd-drop")?.querySelector("input[type=file]");
  if (!input) return;
  event.preventDefault();
  if (event.type !== "drop") return;
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
