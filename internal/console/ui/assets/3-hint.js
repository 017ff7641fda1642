// Hints while somebody types: the server says them, script only asks sooner.
{
  for (const input of document.querySelectorAll("[data-watch]")) {
    const hints = document.getElementById(input.id + "-hints");
    if (!hints) continue;
    hints.setAttribute("aria-live", "polite");
    let timer, asked = input.value;
    const ask = async () => {
      const value = input.value.trim();
      if (value === asked) return;
      asked = value;
      const answer = await fetch(input.dataset.watch + "?value=" + encodeURIComponent(value)).catch(() => null);
      if (!answer?.ok || value !== input.value.trim()) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      hints.replaceChildren(...page.body.childNodes);
    };
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 400);
    });
    input.addEventListener("change", ask);
  }
}
