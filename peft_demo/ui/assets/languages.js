// The links to the page in other languages: they keep what the address says.

export function start() {
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[hreflang]");
    if (link) Object.assign(link, { search: location.search, hash: location.hash });
  });
}
