"""The page about promises names tests that exist, and leaves no promise out."""

import re

import pytest

from tests.house import ROOT

PAGE = (ROOT / "docs" / "promises.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))


@pytest.mark.parametrize(("name", "function"), TESTS)
def test_the_test_is_there(name: str, function: str) -> None:
    assert re.search(rf"^def {function}\(", (ROOT / name).read_text(), re.MULTILINE)


def test_every_promise_is_in_a_table_or_among_those_not_yet_shown() -> None:
    assert {f"P{number}" for number in range(1, 27)} - set(re.findall(r"P\d+", PAGE)) == set()
    assert len(TESTS) > 25


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", PAGE))))
def test_the_file_is_there(name: str) -> None:
    assert (ROOT / name).exists()
