// Copy buttons: hidden until there is script to serve them.
{
  const show = (root) => {
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  };
  const write = async (value) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(value.textContent);
    getSelection().selectAllChildren(value);
    if (!document.execCommand("copy")) throw new Error("not copied");
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const value = button.parentElement.querySelector(".value");
    const label = button.querySelector("span");
    try {
      await write(value);
    } catch {
      getSelection().selectAllChildren(value);
      return;
    }
    const before = label.dataset.before ?? (label.dataset.before = label.textContent);
    label.textContent = button.dataset.done;
    button.classList.add("done");
    setTimeout(() => {
      label.textContent = before;
      button.classList.remove("done");
    }, 2000);
  });
  show(document);
  document.addEventListener("myodai:changed", (event) => show(event.target));
}
