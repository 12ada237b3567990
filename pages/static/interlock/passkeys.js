"use strict";
// A form with `data-passkey`, "create" or "get", asks the browser for a passkey when it is sent, and sends what it says
// in the field `credential`. The options are the JSON of the element that `data-options` names. Without WebAuthn in the
// browser the form stays hidden, or says so.

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const supported = window.PublicKeyCredential && PublicKeyCredential.parseCreationOptionsFromJSON;
  if (supported) form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    try {
      if (!supported) throw new Error("no WebAuthn");
      const credential = await ask(form.dataset.passkey, optionsOf(form));
      form.elements.credential.value = JSON.stringify(credential);
      form.requestSubmit();
    } catch {
      const status = form.querySelector("[data-passkey-status]");
      status.textContent = status.dataset.refused;
    }
  });
}

function optionsOf(form) {
  const said = JSON.parse(document.getElementById(form.dataset.options).textContent);
  return said.publicKey || said;
}

function ask(kind, options) {
  if (kind === "create") {
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
  }
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}
