"""The version, which is written in one place only: the newest numbered heading of the change log."""

import re
from importlib import metadata
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
HEADING = re.compile(r"^## \[(?P<version>\d+\.\d+\.\d+)\]", re.MULTILINE)


def current_version() -> str:
    """Return the version of this checkout, or of the installed package where there is no change log."""
    if not CHANGELOG.exists():
        return metadata.version("interlock")
    heading = HEADING.search(CHANGELOG.read_text())
    if heading is None:
        raise ValueError(f"{CHANGELOG} has no heading such as '## [0.1.0] - 2026-11-23'.")
    return heading["version"]
