"""The page about the machine names files and functions that are there."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs" / "architecture.md").read_text()
FILES = sorted(set(re.findall(r"(?<![\w/])(?:[a-z_]+/)+(?:[a-z_]+\.(?:py|md)|(?=[`\s]))", PAGE)))
NAMED = sorted(set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)` `([a-z_]+)`", PAGE)))


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_there(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize(("name", "function"), NAMED)
def test_the_function_is_there(name: str, function: str) -> None:
    assert re.search(rf"def {function}\(", (ROOT / name).read_text())


def test_the_page_names_enough_to_be_worth_a_test() -> None:
    assert len(FILES) > 40
    assert len(NAMED) >= 8
