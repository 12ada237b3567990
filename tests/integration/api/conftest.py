"""Makes the cases of a contract test when the test begins.

schemathesis makes those of every operation while tests are collected, as each process of a parallel run does: that took
a process more CPU seconds than to import all tests, and most of the cases were for another process.
"""

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest
from schemathesis.pytest import _test_builder

build_at_once = _test_builder.build_operation_test


def build_later(*, test_func: Callable[..., None], **details: Any) -> Callable[..., None]:
    """Return a function that asks for the same fixtures, and knows how to build the test of its operation."""

    @wraps(test_func)
    def unbuilt(**fixtures: Any) -> None:
        raise AssertionError("The test was to be built before it runs.")

    asked = inspect.signature(test_func)
    fixtures = [parameter for name, parameter in asked.parameters.items() if name != "case"]
    unbuilt.__signature__ = asked.replace(parameters=fixtures)  # type: ignore[attr-defined]
    unbuilt.build = partial(build_at_once, test_func=test_func, **details)  # type: ignore[attr-defined]
    return unbuilt


_test_builder.build_operation_test = build_later


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Put the test of the operation, with its cases, in the place of what was collected."""
    if isinstance(item, pytest.Function) and (build := getattr(item.obj, "build", None)):
        item.obj = build()
