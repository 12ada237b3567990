"""What a tag may release: the version on top of CHANGELOG.md, with all lines below it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT

RELEASED = """# Change log

## [Unreleased]

## [0.2.0] - 2026-12-01

- Do more.
- Do it well.

## [0.1.0] - 2026-11-23

- Begin.
"""


@pytest.fixture
def changelog(tmp_path: Path) -> Path:
    (tmp_path / "CHANGELOG.md").write_text(RELEASED)
    return tmp_path / "CHANGELOG.md"


def release(changelog: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/release.py on the change log."""
    command = [sys.executable, str(ROOT / "scripts" / "release.py"), "--changelog", str(changelog), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_tag_of_the_newest_version_gives_the_version_for_the_steps_that_follow(changelog: Path) -> None:
    done = release(changelog, "check", "v0.2.0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "version=0.2.0\n", "")


def test_the_notes_are_the_text_below_the_newest_version(changelog: Path) -> None:
    assert release(changelog, "notes").stdout == "- Do more.\n- Do it well.\n"


def test_the_bill_of_materials_names_the_version(changelog: Path, tmp_path: Path) -> None:
    bill = tmp_path / "interlock.cdx.json"
    bill.write_text('{"metadata": {"component": {"name": "interlock"}}}')
    assert release(changelog, "stamp", str(bill)).returncode == 0
    assert json.loads(bill.read_text())["metadata"]["component"] == {"name": "interlock", "version": "0.2.0"}


@pytest.mark.parametrize("tag", ["v0.1.0", "0.2.0", "v0.2.0-rc1", "v0.2.0\nversion=9", ""])
def test_another_tag_is_refused_and_gives_no_version(changelog: Path, tag: str) -> None:
    done = release(changelog, "check", tag)
    assert (done.returncode, done.stdout) == (1, "")
    assert "tag the commit v0.2.0" in done.stderr


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("## [Unreleased]\n", "## [Unreleased]\n\n- Do the latest.\n", "move them below [0.2.0]"),
        ("- Do more.\n- Do it well.\n", "", "says nothing below [0.2.0]"),
        (RELEASED, "# Change log\n\n## [Unreleased]\n", "has no heading with a version"),
    ],
)
def test_a_change_log_that_is_not_ready_is_refused(changelog: Path, before: str, after: str, says: str) -> None:
    changelog.write_text(RELEASED.replace(before, after))
    done = release(changelog, "check", "v0.2.0")
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
