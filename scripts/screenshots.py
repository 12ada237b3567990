#!/usr/bin/env python
"""Pictures of the pages in light, in dark and on a phone, from a system of its own with demonstration data."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
FOLDER = tempfile.TemporaryDirectory(prefix="interlock-screenshots-")
sys.path.insert(0, str(ROOT))
os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": FOLDER.name}
django.setup()

from playwright.sync_api import Browser, Cookie, Page  # noqa: E402

from tests.browser.demo_data import demo_data  # noqa: E402
from tests.browser.live_system import live_system  # noqa: E402
from tests.browser.pages import SHOTS, Shot  # noqa: E402
from tests.browser.visiting import Visits, running_chromium  # noqa: E402
from tests.chromium import NoChromium, executable  # noqa: E402  (what puts events together reads the settings)

DESK = {"viewport": {"width": 1280, "height": 800}}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {**DESK, "color_scheme": "light"},
    "dark": {**DESK, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


def main() -> int:
    """The exit code: 1 when a page failed (5xx); what the web has not, or not for the person, is only reported."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "screenshots", metavar="FOLDER")
    parser.add_argument("--look", choices=list(LOOKS), action="append", help="only this one; may be repeated")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only the pages whose names begin so")
    options = parser.parse_args()
    shots = [shot for shot in SHOTS if not options.names or shot.name.startswith(tuple(options.names))]
    if not shots:
        parser.error(f"No page is called so. There are {', '.join(shot.name for shot in SHOTS)}.")
    with FOLDER:
        left_out = take(shots, options.look or list(LOOKS), options.out)
    for name, status in left_out.items():
        print(f"Left out: {name}, which answers {status}", file=sys.stderr)
    return int(any(status >= 500 for status in left_out.values()))


def take(shots: Sequence[Shot], looks: Sequence[str], out: Path) -> dict[str, int]:
    """PNG files in `out`, and the HTTP status of each page that there is none of, by the page's name."""
    out.mkdir(parents=True, exist_ok=True)
    executable()
    left_out: dict[str, int] = {}
    with live_system(Path(FOLDER.name)) as system:
        ids = asdict(demo_data(system))
        with running_chromium() as browser:
            for shot, look, page in opened_pages(browser, system.url, shots, looks):
                status = pictured(page, shot.path.format(**ids), out / f"{shot.name}-{look}.png")
                left_out |= {shot.name: status} if status >= 400 else {}
    return left_out


def opened_pages(
    browser: Browser, url: str, shots: Sequence[Shot], looks: Sequence[str]
) -> Iterator[tuple[Shot, str, Page]]:
    """Each shot in each look, with a page at which the right person sits."""
    sessions: dict[str, list[Cookie]] = {}
    for look in looks:
        visits = Visits(browser, url, sessions)
        for shot in shots:
            yield shot, look, visits.seat(shot.person, **LOOKS[look])
        visits.close()


def pictured(page: Page, path: str, file: Path) -> int:
    """The HTTP status of the page, the whole of which the file shows now unless it is an error's."""
    response = page.goto(path)
    status = response.status if response else 0
    file.unlink(missing_ok=True)
    if status < 400:
        page.evaluate("document.fonts.ready")
        page.screenshot(path=file, full_page=True, animations="disabled")
        print(file)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoChromium as missing:
        sys.exit(str(missing))
