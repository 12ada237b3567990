"""The house: every room is in the rules about who may call whom, and no part of it is too large to be read."""

import ast
import tomllib
from collections.abc import Iterator

import pytest

from tests.house import ROOT, python_files, rooms

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINTER = PROJECT["tool"]["importlinter"]
LONGEST_FUNCTION, LONGEST_FILE, LARGEST_CONFIGURATION = 32, 350, 600


def test_every_room_is_checked_shipped_and_in_the_rules_of_who_may_call_whom() -> None:
    assert set(LINTER["root_packages"]) == rooms()
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == rooms()
    assert rooms() <= set(PROJECT["tool"]["mypy"]["files"])
    [layers] = [contract["layers"] for contract in LINTER["contracts"] if contract["type"] == "layers"]
    layered = {room for layer in layers for room in layer.split(" | ")}
    forbidden = {room for c in LINTER["contracts"] if c["type"] == "forbidden" for room in c["source_modules"]}
    assert layered | forbidden == rooms()


def test_no_function_and_no_file_is_too_long_to_be_read() -> None:
    files = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in python_files()}
    assert {name: lines for name, lines in files.items() if lines > LONGEST_FILE} == {}
    assert {name: lines for name, lines in functions() if lines > LONGEST_FUNCTION} == {}


def functions() -> Iterator[tuple[str, int]]:
    """Each function, and how many lines it has."""
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1


def test_the_configuration_is_configuration() -> None:
    lines = sum(len(path.read_text().splitlines()) for path in (ROOT / "config").rglob("*.py"))
    assert lines < LARGEST_CONFIGURATION


@pytest.mark.parametrize("mark", ["spine", "both"])
def test_a_file_with_marked_tests_names_the_mark_without_which_it_is_not_read_for_them(
    request: pytest.FixtureRequest, mark: str
) -> None:
    marked = {item.path for item in request.session.items if item.get_closest_marker(mark)}
    assert [path for path in marked if f"mark.{mark}" not in path.read_text()] == []


def test_what_runs_on_both_databases_is_of_the_spine(request: pytest.FixtureRequest) -> None:
    both = [item for item in request.session.items if item.get_closest_marker("both")]
    assert [item.nodeid for item in both if not item.get_closest_marker("spine")] == []
