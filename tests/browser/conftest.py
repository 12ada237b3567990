"""A live system, a browser, and people who sit at it. Tests of this folder never ask for `db`."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import NoChromium, executable
from live_system import LiveSystem, live_system
from playwright.sync_api import Browser, Cookie, Page, expect
from playwright.sync_api import Error as BrowserError
from visiting import TIMEOUT_MS, Faults, Visits, running_chromium

HERE = Path(__file__).parent
FAILED = pytest.StashKey[bool]()
WITHOUT = "NO CHROMIUM: the browser tests did not run."

expect.set_options(timeout=TIMEOUT_MS)


# -- what a test may ask for -----------------------------------------------------------------------
@pytest.fixture(scope="session")
def installed_chromium() -> str:
    """The path of the browser. Without one the tests fail where CI is set, and are skipped elsewhere."""
    try:
        return executable()
    except NoChromium as missing:
        if os.environ.get("CI"):
            pytest.fail(f"{WITHOUT} {missing}", pytrace=False)
        pytest.skip(f"{WITHOUT} {missing}")


@pytest.fixture(scope="session")
def site(installed_chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSystem]:
    """One live system for all tests: each opens projects of its own, and leaves the others' alone."""
    with live_system(tmp_path_factory.mktemp("site")) as system:
        yield system


@pytest.fixture(scope="session")
def sessions() -> dict[str, list[Cookie]]:
    """The cookies of everybody who has signed in."""
    return {}


@pytest.fixture(scope="module")
def chromium(installed_chromium: str) -> Iterator[Browser]:
    """A browser for the tests of one file.

    Not for the whole run: while Playwright is up, its event loop counts as running on this thread, and neither
    Django's database nor asyncio.run() works beside it, in whichever file of tests comes next.
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
    failed = request.node.stash.get(FAILED, False)
    if failed or visits.faults.unexpected():
        request.node.add_report_section("teardown", "browser", what_is_left(visits, site, tmp_path))
    visits.close()
    if not failed and (faults := visits.faults.unexpected()):
        pytest.fail("\n".join(["Something went wrong in the browser:", *faults]), pytrace=False)


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


def what_is_left(visits: Visits, site: LiveSystem, folder: Path) -> str:
    """Where the pages' pictures and the system's log are, and what went wrong in the browser."""
    try:
        files = list(map(str, visits.keep(folder)))
    except BrowserError as error:
        files = [f"The pages could not be kept: {error}"]
    return "\n".join([*files, str(site.folder / "log"), *visits.faults.found])


# -- how pytest treats them ------------------------------------------------------------------------
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process of a parallel run gets all of them, and so one live system is enough (`--dist loadgroup`)."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """The test knows at its teardown whether it failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One loud line when there was no browser."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if WITHOUT in str(report.longrepr)]
    if skipped:
        line = f"{WITHOUT} {len(skipped)} of them were skipped. Get one: scripts/chromium.sh"
        terminalreporter.write_line(line, red=True, bold=True)
