"""A live system, a browser, and people who sit at it. Tests of this folder never ask for `db`."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Cookie, Page, expect
from playwright.sync_api import Error as BrowserError

from tests.browser.live_system import LiveSystem, live_system
from tests.browser.visiting import TIMEOUT_MS, Faults, Visits, running_chromium
from tests.chromium import NoChromium, executable
from tests.copying import migrated_in

FAILED = pytest.StashKey[bool]()

expect.set_options(timeout=TIMEOUT_MS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder: `-m "not browser"` leaves them out."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


# -- what a test may ask for -----------------------------------------------------------------------
@pytest.fixture(scope="package")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSystem]:
    """One live system for all tests: each opens projects of its own, and leaves the others' alone.

    For those of this folder and not for the session: its processes would go on beside all that follows.
    """
    folder = tmp_path_factory.mktemp("site")
    migrated_in(folder)
    with live_system(folder) as system:
        yield system


@pytest.fixture(scope="package")
def sessions() -> dict[str, list[Cookie]]:
    """The cookies of everybody who has signed in."""
    return {}


@pytest.fixture(scope="package")
def chromium(site: LiveSystem) -> Iterator[Browser]:
    """A browser for the tests of this folder, of which each has windows of its own; the system is up before it.

    Not for the whole run: while Playwright is up, its event loop counts as running on this thread, and neither
    Django's database nor asyncio.run() works beside it, in whichever folder of tests comes next.
    """
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def visits(
    chromium: Browser,
    site: LiveSystem,
    sessions: dict[str, list[Cookie]],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Iterator[Visits]:
    """This test's pages; it fails for what went wrong in them unseen, and a failure leaves pictures of them."""
    visits = Visits(chromium, site.url, sessions)
    yield visits
    keep_what_is_left(visits, site, request.node, tmp_path)
    visits.close()
    fail_for_faults(visits.faults, request.node)


@pytest.fixture
def person(visits: Visits) -> Callable[..., Page]:
    """`person("rita", color_scheme="dark")`: a page of hers; the people are in make_people.py."""
    return visits.person


@pytest.fixture
def visitor(visits: Visits) -> Callable[..., Page]:
    """`visitor()`: a page at which nobody has signed in."""
    return visits.visitor


@pytest.fixture
def faults(visits: Visits) -> Faults:
    """`faults.allow("404")` where a test goes where it should not."""
    return visits.faults


def keep_what_is_left(visits: Visits, site: LiveSystem, test: pytest.Item, folder: Path) -> None:
    """Of a test that failed: say where the pages' pictures and the system's log are, and what went wrong in them."""
    if not (test.stash.get(FAILED, False) or visits.faults.unexpected()):
        return
    try:
        files = list(map(str, visits.keep(folder)))
    except BrowserError as error:
        files = [f"The pages could not be kept: {error}"]
    test.add_report_section("teardown", "browser", "\n".join([*files, str(site.folder / "log"), *visits.faults.found]))


def fail_for_faults(faults: Faults, test: pytest.Item) -> None:
    """Fail a test, unless it has failed already, for faults that it did not allow."""
    if not test.stash.get(FAILED, False) and (unexpected := faults.unexpected()):
        pytest.fail("\n".join(["Something went wrong in the browser:", *unexpected]), pytrace=False)


# -- how pytest treats them ------------------------------------------------------------------------
def pytest_itemcollected(item: pytest.Item) -> None:
    """One process of a parallel run gets all of these, so that one live system is enough (`--dist loadgroup`)."""
    item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without a browser the tests fail where CI is set; elsewhere they are skipped, with one line in the summary.

    One line, because pytest folds skips from one place: a fixture's skip would count at each test's own.
    """
    if missing := missing_chromium():
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse(f"NO CHROMIUM: the browser tests did not run. {missing}")


@cache
def missing_chromium() -> str:
    """Why there is no browser; empty when there is one."""
    try:
        executable()
    except NoChromium as missing:
        return str(missing)
    return ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """The test knows at its teardown whether it failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report
