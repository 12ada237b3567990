"""JSON hygiene at every door: what databases, validators and people disagree about is refused."""

import json
import math
import re
from collections import Counter
from typing import Any

import orjson

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
# Beyond 64 bits a number changes its value on the way through databases and other languages.
LARGEST = 2**63
# What a part of an event may take, so that the event around it, and the next one that carries it on, can be read.
PART_BYTES, PART_DEPTH = 512 * 1024, 56
# A string that nobody closes goes on to the end, so that it is read once.
STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)


class InvalidJson(ValueError):
    """The text is not JSON that every part of the system reads alike; the message says why."""


def loads(raw: bytes | str, *, max_bytes: int = MAX_BYTES) -> Any:
    """The value of a JSON text. Raises InvalidJson."""
    text = raw.encode(errors="surrogatepass") if isinstance(raw, str) else raw
    if len(text) > max_bytes:
        raise InvalidJson(f"it has {len(text)} bytes, and at most {max_bytes} are accepted")
    # First of all: what follows takes time in proportion to the text only where the text is JSON.
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(f"it cannot be read: {error}") from error
    if depth_at_most(text) > MAX_DEPTH and nesting(text) > MAX_DEPTH:
        raise InvalidJson(f"it is nested deeper than {MAX_DEPTH} levels")
    value = READER.decode(text.decode())
    if b"\\u0000" in text:
        check(value)
    return value


def depth_at_most(text: bytes) -> int:
    """An upper bound of the nesting, cheap to find."""
    return text.count(b"[") + text.count(b"{")


def nesting(text: bytes) -> int:
    """How deep brackets and braces outside of strings are nested in a JSON text."""
    level = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", STRINGS.sub(b"", text)):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different. Raises InvalidJson."""
    found = dict(pairs)
    if len(found) != len(pairs):
        [(repeated, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise InvalidJson(f"the key {repeated[:100]!r} is there twice")
    return found


def small_int(digits: str) -> int:
    """An integer of at most 64 bits. Raises InvalidJson."""
    if len(digits) > 20 or not -LARGEST <= int(digits) < LARGEST:
        raise InvalidJson(f"the number {digits[:40]} does not fit into 64 bits")
    return int(digits)


def small_float(digits: str) -> float:
    """A finite number that keeps its value everywhere. Raises InvalidJson."""
    number = float(digits)
    require_small(number)
    return number


READER = json.JSONDecoder(object_pairs_hook=unique, parse_int=small_int, parse_float=small_float)


def require_small(number: float) -> None:
    """Raise InvalidJson for infinity, not-a-number, and what grows beyond 64 bits as an integer."""
    if not math.isfinite(number) or abs(number) >= LARGEST:
        raise InvalidJson(f"the number {number!r} is too large, or not a number")


def dumps(value: Any) -> bytes:
    """JSON bytes of the value; UUIDs and datetimes become strings. Raises InvalidJson."""
    check(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError as error:
        raise InvalidJson(f"it cannot be written as JSON: {error}") from error


def check(value: Any) -> None:
    """Raise InvalidJson if a parsed value holds what `loads` would refuse."""
    todo = [(value, 1)]
    while todo:
        found, level = todo.pop()
        if level > MAX_DEPTH:
            raise InvalidJson(f"it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(found, str):
            require_clean(found)
        elif isinstance(found, float):
            require_small(found)
        elif isinstance(found, int) and not -LARGEST <= found < LARGEST:
            raise InvalidJson("an integer does not fit into 64 bits")
        elif isinstance(found, dict):
            for key, below in found.items():
                require_clean(key)
                todo.append((below, level + 1))
        elif isinstance(found, list | tuple):
            todo.extend((below, level + 1) for below in found)


def require_clean(text: Any) -> None:
    """Raise InvalidJson for a NUL or a lone surrogate, which no database takes."""
    if not isinstance(text, str):
        raise InvalidJson(f"the key {text!r} is not a string")
    if "\x00" in text:
        raise InvalidJson("a string holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidJson("a string holds half a surrogate pair") from None


def require_room(part: Any) -> None:
    """Raise InvalidJson where a part of an event is so large or so deep that no event could carry it on."""
    size = len(dumps(part))
    if size > PART_BYTES:
        raise InvalidJson(f"it has {size} bytes, and at most {PART_BYTES} are accepted")
    todo = [(part, 1)]
    while todo:
        found, level = todo.pop()
        if level > PART_DEPTH:
            raise InvalidJson(f"it is nested deeper than {PART_DEPTH} levels")
        inside = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        todo.extend((below, level + 1) for below in inside if isinstance(below, dict | list))
