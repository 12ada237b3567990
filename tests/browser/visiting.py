"""People at their browsers: each page in a browser context of its own, with an eye on what goes wrong unseen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Cookie,
    Page,
    Request,
    Response,
    sync_playwright,
)
from playwright.sync_api import Error as BrowserError

from tests.browser.make_people import PASSWORD
from tests.chromium import FLAGS, executable
from tests.waiting import ROOM

TIMEOUT_MS = 10_000 * ROOM
NAVIGATION_TIMEOUT_MS = 30_000 * ROOM
# Everybody may see this page: one lands there after signing in.
EVERYBODYS_PAGE = "/preferences/"


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser while the block runs. Raises NoChromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        yield browser
        browser.close()


def is_signed_in(context: BrowserContext) -> bool:
    """Whether the context's session still holds; asked without a page, which would cost several times as much."""
    return context.request.get("/sign-in/", max_redirects=0).status == 302


def sign_in(page: Page, name: str) -> None:
    """The person is signed in, by the form, and looks at their preferences."""
    page.goto(f"/sign-in/?next={EVERYBODYS_PAGE}")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_url(lambda url: urlsplit(url).path == EVERYBODYS_PAGE, timeout=TIMEOUT_MS)


class Faults:
    """What went wrong in the browser: console errors, uncaught exceptions, requests that failed or got a 5xx."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._allowed: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        """Note the faults of this context's pages from now on."""
        context.on("console", self.note_message)
        context.on("weberror", lambda error: self.found.append(f"uncaught: {error.error}"))
        context.on("response", self.note_response)
        context.on("requestfailed", self.note_failure)

    def allow(self, pattern: str) -> None:
        """This test may see faults in which the regular expression is found."""
        self._allowed.append(pattern)

    def forget(self) -> None:
        """Begin anew for another test at the same pages."""
        self.found.clear()
        self._allowed.clear()

    def unexpected(self) -> list[str]:
        """What no pattern allows."""
        return [fault for fault in self.found if not any(re.search(pattern, fault) for pattern in self._allowed)]

    def note_message(self, message: ConsoleMessage) -> None:
        """Errors only; with where they come from."""
        if message.type == "error":
            self.found.append(f"console: {message.text} ({message.location['url']})")

    def note_response(self, response: Response) -> None:
        """The server's own failures."""
        if response.status >= 500:
            self.found.append(f"{response.status}: {response.request.method} {response.url}")

    def note_failure(self, request: Request) -> None:
        """What never came; what a page broke off by going elsewhere is no fault."""
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.found.append(f"{request.failure}: {request.method} {request.url}")


class Visits:
    """The pages of one test. `sessions` keeps each person's cookies, so that a password is typed once a run."""

    def __init__(self, browser: Browser, url: str, sessions: dict[str, list[Cookie]]) -> None:
        self.browser, self.url, self.sessions = browser, url, sessions
        self.faults = Faults()
        self.contexts: list[BrowserContext] = []
        self.seats: dict[str, Page] = {}

    def visitor(self, **options: Any) -> Page:
        """A page that nobody has signed in at; `options` are Playwright's for a context (color_scheme, viewport…)."""
        context = self.browser.new_context(base_url=self.url, **options)
        context.set_default_timeout(TIMEOUT_MS)
        context.set_default_navigation_timeout(NAVIGATION_TIMEOUT_MS)
        self.faults.watch(context)
        self.contexts.append(context)
        return context.new_page()

    def person(self, name: str, **options: Any) -> Page:
        """A page of this signed-in person, in a context of its own; it shows nothing in particular."""
        page = self.visitor(**options)
        page.context.add_cookies(self.sessions.get(name, []))  # type: ignore[arg-type]
        if not is_signed_in(page.context):
            sign_in(page, name)
            self.sessions[name] = [cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid"]
        return page

    def seat(self, name: str, **options: Any) -> Page:
        """The same page each time: of this signed-in person, or, with "", of a visitor. `options` count once."""
        if name not in self.seats:
            self.seats[name] = self.person(name, **options) if name else self.visitor(**options)
        return self.seats[name]

    def keep(self, folder: Path) -> list[Path]:
        """What every page shows now, as a picture and as HTML, in files of this folder."""
        pages = [page for context in self.contexts for page in context.pages]
        return [path for number, page in enumerate(pages, start=1) for path in kept(page, folder / f"page-{number}")]

    def leave(self) -> None:
        """Every page shows an empty one; what the page before still had to say has been noted."""
        for page in [page for context in self.contexts for page in context.pages]:
            with suppress(BrowserError):
                page.goto("about:blank")

    def close(self) -> None:
        """Every page is left and closed: a browser that closes a page on its way elsewhere may hang."""
        self.leave()
        for context in self.contexts:
            context.close()


def kept(page: Page, path: Path) -> list[Path]:
    """The files that now hold the page: PNG and HTML."""
    picture, html = path.with_suffix(".png"), path.with_suffix(".html")
    page.screenshot(path=picture, full_page=True)
    html.write_text(f"<!-- {page.url} -->\n{page.content()}", encoding="utf-8")
    return [picture, html]
