"""A real browser shows a notice that a push service delivers, in the reader's language."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.waiting import wait_until

REGISTER = "navigator.serviceWorker.register('/notices.js').then(() => navigator.serviceWorker.ready).then(() => true)"
# The browser of the tests has no place where notices are shown: what the worker would show is kept instead.
KEEP = """() => {
    self.shown = [];
    self.registration.showNotification = async (title, { body }) => { self.shown.push([title, body]); };
}"""


def test_a_notice_without_content_says_that_a_question_waits(visitor: Callable[..., Page]) -> None:
    page = visitor(permissions=["notifications"])
    page.goto("/sign-in/")
    browser, known = page.context.new_cdp_session(page), list[dict[str, Any]]()
    browser.on("ServiceWorker.workerRegistrationUpdated", lambda said: known.extend(said["registrations"]))
    browser.send("ServiceWorker.enable")
    assert page.evaluate(REGISTER)
    delivered = {"registrationId": known[0]["registrationId"], "origin": page.evaluate("location.origin"), "data": ""}
    [worker] = page.context.service_workers
    worker.evaluate(KEEP)
    browser.send("ServiceWorker.deliverPushMessage", delivered)
    wait_until(lambda: bool(worker.evaluate("self.shown.length")))
    assert worker.evaluate("self.shown") == [["A question waits for you", "Open Interlock to see which."]]
