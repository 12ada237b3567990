"""A data folder of the test's own: what is stored, archived and uploaded lies in it."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: Settings) -> Path:
    """The folder."""
    settings.DATA_DIR = tmp_path
    settings.ARTIFACTS_DIR = tmp_path / "artifacts"
    settings.QUARANTINE_DIR = tmp_path / "quarantine"
    return tmp_path
