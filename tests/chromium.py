"""The machine's Chromium, for the browser tests and the screenshots: `python tests/chromium.py` says which one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking"),
)
# The first has no windows to draw, and takes a quarter less of the processor.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Where Playwright keeps the browsers it downloads, on Linux and on macOS, and what it calls them.
CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
DOWNLOADED = (
    *("chromium-*/chrome-linux*/chrome", "chromium_headless_shell-*/chrome-*/*headless[-_]shell"),
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
# A cold start on a busy machine; a good one takes well under a second.
START_SECONDS = 30


class NoChromium(Exception):
    """No Chromium can be started here; the message says how to get one."""


@cache
def executable() -> str:
    """The path of a Chromium that starts; the one that CHROMIUM names, if it names one. Raises NoChromium."""
    named = os.environ.get("CHROMIUM")
    found = next((path for path in ([named] if named else candidates()) if starts(path)), None)
    if found is None:
        why = f"CHROMIUM names {named}, which does not start" if named else "There is no Chromium here"
        raise NoChromium(f"{why}. Get one with scripts/chromium.sh, or set CHROMIUM to the path of one.")
    return found


def candidates() -> Iterator[str]:
    """What may be a Chromium: those on the PATH, then Playwright's own, newest first."""
    yield from filter(None, map(shutil.which, NAMES))
    own = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    for cache_folder in [own] if own else CACHES:
        for pattern in DOWNLOADED:
            yield from sorted(map(str, Path(cache_folder).expanduser().glob(pattern)), reverse=True)


def starts(path: str) -> bool:
    """Whether this is a program that tells its version: some systems have a stub that only names a package."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, timeout=START_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return told.returncode == 0


if __name__ == "__main__":
    try:
        print(executable())  # noqa: T201 - a program's answer
    except NoChromium as missing:
        sys.exit(str(missing))
