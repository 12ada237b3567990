"""The version has one home, the change log."""

from pathlib import Path

import pytest

from config import version


def test_the_newest_numbered_heading_is_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "CHANGELOG.md"
    log.write_text("# Change log\n\n## [Unreleased]\n\n## [1.10.2] - 2027-01-01\n\n## [1.9.0] - 2026-12-01\n")
    monkeypatch.setattr(version, "CHANGELOG", log)
    assert version.current_version() == "1.10.2"


def test_a_change_log_without_a_version_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "CHANGELOG.md"
    log.write_text("# Change log\n\n## [Unreleased]\n")
    monkeypatch.setattr(version, "CHANGELOG", log)
    with pytest.raises(ValueError, match="has no heading such as"):
        version.current_version()


def test_this_checkout_has_a_version() -> None:
    assert version.current_version().count(".") == 2
