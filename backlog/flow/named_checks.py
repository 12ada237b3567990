"""The checks that a template may name in its definition of done; each returns what is wrong with the evidence."""

from collections.abc import Callable
from typing import Any


def no_failed_checks(evidence: dict[str, Any]) -> list[str]:
    """Return a fault if the evidence counts failed checks, counts no check at all, or has no count in `failed`."""
    failed = evidence.get("failed")
    if failed is None:
        return ["checks failed: the evidence does not say"]
    if failed == 0 and evidence.get("passed") == 0:
        return ["no check was made: the evidence counts 0 passed and 0 failed"]
    return [] if failed == 0 else [f"checks failed: {failed}"]


CHECKS: dict[str, Callable[[dict[str, Any]], list[str]]] = {"no_failed_checks": no_failed_checks}


def unknown_check_in_words(name: str) -> str:
    """Return a sentence that no check has this name, with the names that exist."""
    return f"no check is called {name!r}; there is: {', '.join(sorted(CHECKS))}"
