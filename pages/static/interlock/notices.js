"use strict";
// Shows a notice, which has no content of its own, and leads to what waits. No page is kept or answered from here.
// `notice` has the words in the reader's language and the address, from the script that imports this one.

self.addEventListener("push", (event) => {
  event.waitUntil(self.registration.showNotification(notice.title, { body: notice.body, tag: "waiting" }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(notice.address));
});
