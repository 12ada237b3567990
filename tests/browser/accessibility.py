"""What axe-core finds wrong with a page: https://github.com/dequelabs/axe-core."""

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
# The rules of these standards that look at colours.
OF_COLOURS = ("color-contrast", "link-in-text-block")
GRAVE = ("serious", "critical")
RUN = """([type, values]) => axe.run(document, {
    runOnly: {type, values}, resultTypes: ["violations"]
}).then(found => found.violations)"""
IS_THERE = "typeof axe === 'object'"
LONGEST_EXCERPT = 200


def axe(page: Page, *, only_colours: bool = False) -> list[str]:
    """The serious and critical violations of WCAG 2.2 AA, one line for each element; best practices are left out.

    `only_colours` is for a page of which all else has been looked at.
    """
    if not page.evaluate(IS_THERE):
        page.evaluate(script())
    asked = ["rule", OF_COLOURS] if only_colours else ["tag", STANDARDS]
    violations = page.evaluate(RUN, asked)
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
