"""axe-core finds nothing serious or critical on any page, in light, in dark and on a phone."""

from collections.abc import Callable
from dataclasses import asdict

import pytest
from accessibility import axe
from demo_data import Demo, demo_data
from live_system import LiveSystem
from pages import SHOTS, Shot
from playwright.sync_api import Page
from visiting import Faults

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


@pytest.fixture(scope="session")
def demo(site: LiveSystem) -> Demo:
    """Projects in every state, made once."""
    return demo_data(site)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_page_is_accessible(
    demo: Demo, person: Callable[..., Page], visitor: Callable[..., Page], faults: Faults, shot: Shot, look: str
) -> None:
    page = person(shot.person, **LOOKS[look]) if shot.person else visitor(**LOOKS[look])
    response = page.goto(shot.path.format(**asdict(demo)))
    assert response is not None
    assert response.ok
    assert faults.unexpected() == []
    faults.allow("Applying inline style violates")  # axe-core tries one on some pages; ours have none
    assert axe(page) == []
    if look == "phone":
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, "the page scrolls sideways"
