"""Running a command as an operator does."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut off."""
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def run() -> Callable[..., str]:
    """Runs a command; what it prints."""

    def printed(*arguments: Any) -> str:
        out = StringIO()
        call_command(*map(str, arguments), stdout=out, stderr=out)
        return out.getvalue()

    return printed
