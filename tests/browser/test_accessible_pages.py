"""axe-core finds nothing serious or critical on any page, in light, in dark and on a phone."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Cookie

from tests.browser.accessibility import ALL, ALL_BUT_COLOURS, COLOURS, axe
from tests.browser.conftest import fail_for_faults, keep_what_is_left
from tests.browser.demo_data import Demo, demo_data
from tests.browser.live_system import LiveSystem
from tests.browser.pages import SHOTS, Shot
from tests.browser.visiting import Faults, Visits

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
# In the dark the page has other colours and is the same otherwise, and on a phone it is laid out in another way.
LOOKS = (("light", DESK, ALL), ("dark", DESK, COLOURS), ("light", PHONE, ALL_BUT_COLOURS))


@pytest.fixture(scope="module")
def demo(site: LiveSystem) -> Demo:
    """Projects in every state, made once."""
    return demo_data(site)


@pytest.fixture(scope="module")
def windows(chromium: Browser, site: LiveSystem, sessions: dict[str, list[Cookie]]) -> Iterator[Visits]:
    """A window for each of those who look, which they keep for all pages: a new one costs as much as a page in it."""
    windows = Visits(chromium, site.url, sessions)
    yield windows
    windows.close()


@pytest.fixture
def visits(windows: Visits, site: LiveSystem, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Visits]:
    """The windows, with the faults of this test alone, which fail it as they do elsewhere."""
    windows.faults.forget()
    yield windows
    keep_what_is_left(windows, site, request.node, tmp_path)
    windows.leave()
    fail_for_faults(windows.faults, request.node)


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_page_is_accessible(demo: Demo, visits: Visits, faults: Faults, shot: Shot) -> None:
    page = visits.seat(shot.person)
    page.set_viewport_size(DESK)
    response = page.goto(shot.path.format(**asdict(demo)))
    assert response is not None
    assert response.ok
    assert faults.unexpected() == []
    faults.allow("Applying inline style violates")  # axe-core tries one on some pages; ours have none
    for scheme, size, part in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(size)
        assert axe(page, part=part) == [], f"{scheme}, {size['width']} wide"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, "a phone scrolls it sideways"
