{% load i18n %}"use strict";
// Shows a notice, which has no content of its own, and leads to what waits. No page is kept or answered from here.

self.addEventListener("push", (event) => {
  const options = { body: "{% filter escapejs %}{% translate "Open Interlock to see which." %}{% endfilter %}", tag: "waiting" };
  const title = "{% filter escapejs %}{% translate "A question waits for you" %}{% endfilter %}";
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow("{% url "waiting-on-device" %}"));
});
