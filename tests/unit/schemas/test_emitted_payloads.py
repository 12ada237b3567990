"""What is emitted is declared as the payload of its event: mypy then holds every place that builds one to the contract.

mypy cannot see that `"WORK.ITEM_FAILED"` and `WorkItemFailed` belong together; the source can be read for it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from schemas.payloads import PAYLOADS
from schemas.registry import registry

ROOT = Path(settings.BASE_DIR)
ROOMS = {path.parent for path in ROOT.glob("*/__init__.py")} - {ROOT / "tests", ROOT / "benchmarks"}
# Functions whose first text is an event type, followed by the payload.
EMITTERS = {"emit", "emit_about", "emit_statement"}


def emitted() -> Iterator[tuple[str, str, str]]:
    """Yield each place that emits an event of a type it names: where it is, the type, and what the payload is."""
    for path in sorted(path for room in ROOMS for path in room.rglob("*.py")):
        source = path.read_text()
        if "emit" not in source:  # every process of a parallel run reads them all: no tree where nothing is emitted
            continue
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
        returned = {f"{one.name}()": ast.unparse(one.returns) for one in functions if one.returns}
        for function in functions:
            if calls := list(emitting_calls(function)):
                known = {**declared(function), **returned}
                for line, event_type, payload in calls:
                    yield f"{path.relative_to(ROOT)}:{line}", event_type, known.get(payload, "not declared")


def declared(function: ast.FunctionDef) -> dict[str, str]:
    """Return the type of each local variable that is declared with one."""
    found = [node for node in ast.walk(function) if isinstance(node, ast.AnnAssign)]
    return {ast.unparse(node.target): ast.unparse(node.annotation) for node in found}


def emitting_calls(function: ast.FunctionDef) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the event type and the payload of each call that emits; a call in its place is `name()`."""
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        if name_of(call.func) not in EMITTERS:
            continue
        for text, payload in zip(call.args, call.args[1:], strict=False):
            if isinstance(text, ast.Constant) and text.value in PAYLOADS:
                name = f"{ast.unparse(payload.func)}()" if isinstance(payload, ast.Call) else ast.unparse(payload)
                yield call.lineno, str(text.value), name


def name_of(function: ast.expr) -> str:
    """Return the last part of the name that is called; empty where there is none."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


EMITTED = sorted(set(emitted()))


@pytest.mark.parametrize(("place", "event_type", "kind"), EMITTED)
def test_what_is_emitted_is_declared_as_the_payload_of_its_event(place: str, event_type: str, kind: str) -> None:
    needed = PAYLOADS[event_type].__name__
    assert kind == needed, (
        f"{place} emits {event_type}: declare what is emitted, `name: {needed} = …`, or return it from a function."
    )


def test_each_event_that_goes_out_is_emitted_somewhere() -> None:
    outgoing = {event_type for event_type in PAYLOADS if registry().direction(event_type) != "in"}
    assert outgoing - {event_type for _place, event_type, _kind in EMITTED} == set()
