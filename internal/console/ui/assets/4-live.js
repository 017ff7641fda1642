// Pages that watch: the server sends what has changed, and it is put in place.
// What is open stays open, and the focus stays where it is.
{
  const place = ({ id, html }) => {
    const before = document.getElementById(id);
    if (!before) return;
    const after = new DOMParser().parseFromString(html, "text/html").getElementById(id);
    if (!after || before.isEqualNode(after)) return;
    const open = [...before.querySelectorAll("details[open][id]")].map((d) => d.id);
    const focused = before.contains(document.activeElement) ? document.activeElement : null;
    const at = focused && [...before.querySelectorAll("a, button, summary, [tabindex]")].indexOf(focused);
    before.replaceWith(after);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) after.querySelectorAll("a, button, summary, [tabindex]")[at]?.focus({ preventScroll: true });
    after.dispatchEvent(new CustomEvent("myodai:changed", { bubbles: true }));
  };
  for (const root of document.querySelectorAll("[data-live]")) {
    const events = new EventSource(root.dataset.live);
    events.addEventListener("piece", (event) => place(JSON.parse(event.data)));
    events.addEventListener("reload", () => location.reload());
    events.addEventListener("done", () => events.close());
    addEventListener("pagehide", () => events.close());
  }
}
