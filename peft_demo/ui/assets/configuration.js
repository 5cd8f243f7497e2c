// The configuration on its way in and out of the form: address, script, notebook, table of methods.
window.PeftConfiguration = (() => {
  "use strict";

  let server = null, setRate = null, touched = false;

  const link = () => document.querySelector(".pd-brief[data-link]")?.dataset.link;

  function start(itsServer, itsSetRate) {
    setRate = itsSetRate;
    if (server) return;
    server = itsServer;
    // The address follows the form only once a person has changed something.
    for (const kind of ["input", "click", "keydown"]) {
      document.addEventListener(kind, (event) => {
        if (event.isTrusted && event.target.closest?.("#sidebar, #gallery, dialog")) touched = true;
      }, true);
    }
    document.addEventListener("click", (event) => {
      const taken = event.target.closest("[data-code]"), rate = event.target.closest("[data-rate]");
      if (taken) take(taken);
      if (rate) {
        setRate(rate.dataset.rate);
        rate.closest("dialog")?.close();
      }
    });
  }

  function previewed() {
    if (touched && link() !== undefined) history.replaceState(null, "", `?${link()}`);
  }

  async function take(button) {
    const kind = button.dataset.code, run_id = button.dataset.run;
    if (kind === "link") return copy(button);
    const text = await server.code({ kind, run_id, link: run_id ? undefined : link() });
    if (!text) return tell(button, "No connection");
    const answer = JSON.parse(text);
    if (answer.error) return tell(button, answer.error);
    PeftFormat.save(answer.name, answer.text, "text/plain");
    tell(button, "Saved");
  }

  async function copy(button, address = `${location.origin}${location.pathname}?${link() || ""}`) {
    try {
      await navigator.clipboard.writeText(address);
      tell(button, "Copied");
    } catch {
      // Without https a browser gives no clipboard; the address bar has the link as well.
      history.replaceState(null, "", address);
      tell(button, "It is in the address bar");
    }
  }

  function tell(button, text) {
    const before = button.dataset.before || button.textContent;
    button.dataset.before = before;
    button.textContent = text;
    setTimeout(() => { button.textContent = before; }, 2500);
  }

  function gallery(element, pick) {
    element.addEventListener("click", (event) => {
      const button = event.target.closest(".pd-pick");
      if (!button) return;
      touched = true;
      pick(button.dataset.method);
      document.querySelector("#about")?.scrollIntoView({ behavior: "smooth", block: "start" });
    });
  }

  return { start, gallery, previewed, copy };
})();
