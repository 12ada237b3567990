"""What axe-core finds wrong with a page: https://github.com/dequelabs/axe-core."""

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
GRAVE = ("serious", "critical")
RUN = """standards => axe.run(document, {
    runOnly: {type: "tag", values: standards}, resultTypes: ["violations"]
}).then(found => found.violations)"""
LONGEST_EXCERPT = 200


def axe(page: Page) -> list[str]:
    """The serious and critical violations of WCAG 2.2 AA, one line for each element; best practices are left out."""
    page.evaluate(script())
    violations = page.evaluate(RUN, list(STANDARDS))
    grave = [violation for violation in violations if violation["impact"] in GRAVE]
    return [line(violation, node) for violation in grave for node in violation["nodes"]]


@cache
def script() -> str:
    """The source of axe-core, as the package brings it."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def line(violation: dict[str, Any], node: dict[str, Any]) -> str:
    """Rule, what to do, where, the figures (of a contrast, say), and the element itself."""
    told = [check["message"] for check in [*node["any"], *node["all"], *node["none"]]]
    where = " ".join(map(str, node["target"]))
    excerpt = node["html"][:LONGEST_EXCERPT]
    return f"{violation['id']}: {violation['help']} at {where} ({'; '.join(told)}): {excerpt}"
