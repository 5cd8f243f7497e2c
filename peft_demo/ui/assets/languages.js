// The links to the page in other languages: they keep what the address says.

export function start() {
  document.addEventListener("click", async event => {
    const link = event.target.closest?.("a[hreflang]");
    if (!link) return;
    Object.assign(link, { search: location.search, hash: location.hash });
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.ariaBusy = "true";
    // Left while the other is built, Gradio would take closed streams for a lost connection.
    await fetch(link.href).catch(() => {});
    location.assign(link.href);
  });
}
