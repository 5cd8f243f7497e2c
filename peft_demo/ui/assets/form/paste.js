// Pasted configurations: a dropped file becomes the text, and the answer comes into sight.

export function start() {
  document.addEventListener("drop", takeFile);
}

// Called when a text was put into the form, or asks which of its configurations is meant.
export function answered() {
  const asked = document.getElementById("paste-choice");
  const waits = asked?.offsetParent && !asked.querySelector("input:checked");
  const answer = waits ? asked : document.getElementById("import-notes");
  answer?.scrollIntoView({ block: "center" });
}

async function takeFile(event) {
  const box = event.target.closest?.("#paste")?.querySelector("textarea");
  const file = event.dataTransfer?.files[0];
  if (!box || !file) return;
  event.preventDefault(); // or the browser opens it in place of the page
  box.value = await file.text();
  box.dispatchEvent(new Event("input", { bubbles: true }));
}
