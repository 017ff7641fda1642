// Passkeys: forms that are hidden until there is script, and an authenticator.
if (window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON) {
  const answer = async (form) => {
    const reply = await fetch(form.dataset.passkey, { method: "POST" });
    if (reply.status === 403 && "passkeyNew" in form.dataset) {
      location.assign("/account/confirm?return=" + encodeURIComponent(location.pathname));
      return false;
    }
    if (!reply.ok) throw new Error("no challenge");
    const { token, options } = await reply.json();
    const credential =
      "passkeyNew" in form.dataset
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    form.elements.token.value = token;
    form.elements.response.value = JSON.stringify(credential.toJSON());
    return true;
  };
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-passkey-problem]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      problem.hidden = true;
      try {
        if (await answer(form)) form.submit();
      } catch {
        problem.hidden = false;
      }
    });
  }
}
