"""No text makes a regular expression of ours slow: each is timed, as it is used, on 40,000 equal characters.

A pattern that looks at the same characters again and again holds the interpreter, and with it every other thread.
"""

import ast
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from tests.house import rooms

METHODS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "split")
SHORT, LONG = 10_000, 40_000
# CPU seconds, on a busy machine, for a text of equal characters and for one of two by turns. A linear pattern takes
# thousandths for either, the quickest quadratic one 0.9 for the long one.
SHORT_LIMIT, LONG_LIMIT = 0.2, 0.3
# A file without any of these words has no pattern.
MENTIONED = re.compile(r"\bre\.|[Rr]egex|pattern")
# Patterns of others are compiled here to see whether they are some: no text meets them.
COMPILED_ONLY = ("schemas/lint.py", "compile")
OFTEN = "a0 .,:;!?'\"\\()[]{}<>/-_\n\t"
# Signs of the pattern that may open what another sign keeps open, tried by turns with each other character.
MOST_OPENINGS = 6


@dataclass(frozen=True)
class Used:
    """A pattern, where it stands, and the methods that are called with it."""

    where: str
    pattern: re.Pattern[str]
    methods: tuple[str, ...]


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Every file of the product that may have a pattern, parsed."""
    for room in sorted({*rooms(), "clients"}):
        for path in sorted((Path(settings.BASE_DIR) / room).rglob("*.py")):
            if MENTIONED.search(source := path.read_text()):
                yield str(path.relative_to(settings.BASE_DIR)), ast.parse(source)


def compiled(call: ast.Call, names: dict[str, str | bytes]) -> re.Pattern[str] | None:
    """The pattern of `re.something(…)`; None where only a running program knows it."""
    source = text_of(call.args[0], names) if call.args else None
    if source is None:
        return None
    flags = sum(getattr(re, node.attr) for a in call.args[1:] for node in ast.walk(a) if is_flag(node))
    return re.compile(source.decode() if isinstance(source, bytes) else source, flags & ~re.ASCII)


def is_flag(node: ast.AST) -> bool:
    """Whether the node is one of `re`'s flags."""
    return isinstance(node, ast.Attribute) and isinstance(getattr(re, node.attr, None), re.RegexFlag)


def text_of(node: ast.expr, names: dict[str, str | bytes]) -> str | bytes | None:
    """The text of a literal, of an f-string of this file's own constants, or of such a constant with words put in."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Name):
        known = names.get(node.left.id)
        text = known.decode() if isinstance(known, bytes) else known
        return None if text is None else re.sub(r"%\(\w+\)s", "word", text)
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part_of(part, names) for part in node.values]
        return None if None in parts else "".join(str(part) for part in parts)
    return None


def part_of(part: ast.expr, names: dict[str, str | bytes]) -> str | bytes | None:
    """A piece of an f-string; a call such as re.escape(word) stands for a word."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    if isinstance(part, ast.FormattedValue):
        return names.get(part.value.id) if isinstance(part.value, ast.Name) else "word"
    return None


def constants(tree: ast.Module) -> dict[str, str | bytes]:
    """The file's names that stand for a text."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue
            if isinstance(value, str | bytes):
                found[node.targets[0].id] = value
    return found


def patterns() -> Iterator[Used]:
    """Every pattern of the product with the methods it is used with."""
    for where, tree in trees():
        names, nodes = constants(tree), list(ast.walk(tree))
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        kept = {
            node.value: node.targets[0].id
            for node in nodes
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        yield from validators(where, calls)
        for call in calls:
            if not (isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)):
                continue
            if call.func.value.id != "re" or call.func.attr not in (*METHODS, "compile"):
                continue
            if (where, call.func.attr) == COMPILED_ONLY:
                continue
            pattern = compiled(call, names)
            assert pattern is not None, f"{where}:{call.lineno}: this test cannot read the pattern"
            methods = uses_of(kept.get(call, ""), calls) if call.func.attr == "compile" else (call.func.attr,)
            yield Used(f"{where}:{call.lineno}", pattern, methods)


def validators(where: str, calls: list[ast.Call]) -> Iterator[Used]:
    """The patterns that Django's validators search for, and those of model fields."""
    for call in calls:
        name = getattr(call.func, "id", "") or getattr(call.func, "attr", "")
        named = call.args[:1] if name.endswith("RegexValidator") else []
        for node in [*named, *(k.value for k in call.keywords if k.arg in ("pattern", "regex"))]:
            yield Used(f"{where}:{call.lineno}", re.compile(ast.literal_eval(node)), ("search",))


def in_schemas(part: object) -> Iterator[str]:
    """Each `pattern` and each name of `patternProperties` in a JSON Schema."""
    if isinstance(part, dict):
        yield from [part["pattern"]] if isinstance(part.get("pattern"), str) else []
        yield from part.get("patternProperties", {})
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from in_schemas(inner)


def schema_patterns() -> Iterator[Used]:
    """The patterns of the contracts."""
    for path in sorted((Path(settings.BASE_DIR) / "schemas").rglob("*.json")):
        for pattern in in_schemas(json.loads(path.read_text())):
            yield Used(str(path.relative_to(settings.BASE_DIR)), re.compile(pattern), ("search",))


def uses_of(name: str, calls: list[ast.Call]) -> tuple[str, ...]:
    """The methods that the file calls on the name; all of them where it calls none."""
    called = {
        call.func.attr
        for call in calls
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == name
    }
    return tuple(sorted(called & set(METHODS))) or METHODS


def run(used: Used, method: str, text: str) -> Callable[[], object]:
    """The call, to its end."""
    if method == "sub":
        return lambda: used.pattern.sub("", text)
    call = getattr(used.pattern, method)
    return lambda: list(call(text)) if method == "finditer" else call(text)


def is_quick(used: Used, method: str, begin: str, part: str, times: int, limit: float) -> bool:
    """Whether the pattern takes fewer CPU seconds for a text of so many equal parts.

    A quarter of them shows it of most: a time that grows by the cube at most is then 64 times as long for all of them.
    Of two tries at all of them the better one counts: the first may pay for something else.
    """
    if seconds(run(used, method, begin + part * (times // 4))) < limit / 64:
        return True
    call = run(used, method, begin + part * times)
    return any(seconds(call) < limit for _try in range(2))


def seconds(call: Callable[[], object]) -> float:
    """The CPU seconds that the call takes."""
    begun = time.process_time()
    call()
    return time.process_time() - begun


def slow_uses(used: Used) -> Iterator[tuple[str, str, str, str]]:
    """Where the pattern stands, and the method, the opening and the character with which it is slow."""
    characters = sorted({*OFTEN, *(c for c in used.pattern.pattern if c.isprintable())})
    openings = dict.fromkeys(["(", *(c for c in used.pattern.pattern if c in "\"'<[{.-/")])
    for character in characters:
        for method in used.methods:
            if not is_quick(used, method, "", character, LONG, LONG_LIMIT):
                yield used.where, method, "", character
            for opening in list(openings)[:MOST_OPENINGS]:
                by_turns = f"{character}{opening}"
                if not is_quick(used, method, opening, by_turns, SHORT // 2, SHORT_LIMIT):
                    yield used.where, method, opening, character


# Not a test for each pattern: every process of a parallel run would look for the patterns while it collects the tests.
def test_equal_characters_take_no_time() -> None:
    every = [*patterns(), *schema_patterns()]
    assert len(every) > 150, "not every room has been read"
    assert [slow for used in every for slow in slow_uses(used)] == []
