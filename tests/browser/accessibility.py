"""What axe-core finds wrong with a page: https://github.com/dequelabs/axe-core."""

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
# The rules of these standards that look at colours.
OF_COLOURS = ("color-contrast", "link-in-text-block")
# Parts of them. Colours take four fifths of the time.
ALL, COLOURS, ALL_BUT_COLOURS = "all", "colours", "all but colours"
GRAVE = ("serious", "critical")
RUN = "options => axe.run(document, options).then(found => found.violations)"
IS_THERE = "typeof axe === 'object'"
# axe-core reads the same few colours of a page thousands of times, which took a third of its time: each is read once.
READ_COLOURS_ONCE = """
(() => {
  const { prototype } = axe.commons.color.Color, read = prototype.parseString, known = new Map();
  prototype.parseString = function (text) {
    if (known.has(text)) return Object.assign(this, known.get(text));
    const { r, g, b, alpha } = read.call(this, text);
    known.set(text, { r, g, b, alpha });
    return this;
  };
})();
"""
LONGEST_EXCERPT = 200


def axe(page: Page, *, part: str = ALL) -> list[str]:
    """The serious and critical violations of WCAG 2.2 AA, one line for each element; best practices are left out.

    `part` is for a page of which the rest has been looked at.
    """
    if not page.evaluate(IS_THERE):
        page.evaluate(script())
    violations = page.evaluate(RUN, {"resultTypes": ["violations"], "preload": False, **rules_of(part)})
    grave = [violation for violation in violations if violation["impact"] in GRAVE]
    return [line(violation, node) for violation in grave for node in violation["nodes"]]


def rules_of(part: str) -> dict[str, Any]:
    """What axe-core is told to look at."""
    if part == COLOURS:
        return {"runOnly": {"type": "rule", "values": OF_COLOURS}}
    left_out = OF_COLOURS if part == ALL_BUT_COLOURS else ()
    rules = {rule: {"enabled": False} for rule in left_out}
    return {"runOnly": {"type": "tag", "values": STANDARDS}, "rules": rules}


@cache
def script() -> str:
    """The source of axe-core, as the package brings it, and READ_COLOURS_ONCE."""
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    return source + READ_COLOURS_ONCE


def line(violation: dict[str, Any], node: dict[str, Any]) -> str:
    """Rule, what to do, where, the figures (of a contrast, say), and the element itself."""
    told = [check["message"] for check in [*node["any"], *node["all"], *node["none"]]]
    where = " ".join(map(str, node["target"]))
    excerpt = node["html"][:LONGEST_EXCERPT]
    return f"{violation['id']}: {violation['help']} at {where} ({'; '.join(told)}): {excerpt}"
