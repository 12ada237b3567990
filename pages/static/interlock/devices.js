"use strict";
// A form with `data-push-key` subscribes this browser when it is sent, and sends the address at its push service in the
// field `endpoint`.

for (const form of document.querySelectorAll("form[data-push-key]")) {
  form.addEventListener("submit", async (event) => {
    if (form.elements.endpoint.value) return;
    event.preventDefault();
    try {
      form.elements.endpoint.value = (await subscription(form.dataset)).endpoint;
      form.requestSubmit();
    } catch {
      const status = form.querySelector("[data-push-status]");
      status.textContent = status.dataset.refused;
    }
  });
}

async function subscription({ pushKey, pushWorker }) {
  const registration = await navigator.serviceWorker.register(pushWorker);
  await navigator.serviceWorker.ready;
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: pushKey });
}
