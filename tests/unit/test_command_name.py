"""A message names the command as its reader types it: `settings.COMMAND` and never `manage.py` or `make`."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house import ROOT, sources

COMMAND = re.compile(r"manage\.py|\bmake (up|demo|setup)\b")
# They know the name, start the file, compare with both names, and write a page for developers.
KNOWING = {"environment/installation.py", "runtime/system.py", "accounts/audit.py", "schemas/documentation.py"}


def texts(source: str) -> Iterator[str]:
    """The texts in a module, except its docstrings."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("text", ["Run: ./manage.py migrate", "or run “make demo”."])
def test_a_command_in_a_text_is_found(text: str) -> None:
    assert [found for found in texts(f"'''manage.py'''\nx = f'{text}{{y}}'") if COMMAND.search(found)] == [text]


def test_no_text_names_a_command_that_is_only_there_in_a_checkout() -> None:
    modules = [path for path in sources() if str(path.relative_to(ROOT)) not in KNOWING]
    found = {str(path): [text for text in texts(path.read_text()) if COMMAND.search(text)] for path in modules}
    assert {path: named for path, named in found.items() if named} == {}
    pages = [path for path in (ROOT / "templates").rglob("*.*") if COMMAND.search(path.read_text())]
    assert pages == []
