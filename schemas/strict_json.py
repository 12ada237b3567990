"""Strict JSON, for every input: refuses what databases, validators and programming languages read differently.

Refused are repeated keys, numbers beyond 64 bits, NUL characters, lone surrogates, and texts too large or too deep.
"""

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
# Limits of one part of an event: the event around it, and a later event that repeats it, must keep the limits above.
PART_BYTES, PART_DEPTH = 512 * 1024, 56
# A string without a closing quote extends to the end of the text: so the text is read once, in linear time.
STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
# A number with an exponent: every number beyond 64 bits is written so. One inside a string is found, too: no harm.
EXPONENT = re.compile(rb"[:,\[]-?[0-9][0-9.]*e")


class InvalidJson(ValueError):
    """The text is not JSON that every part of the system reads alike; the message gives the reason."""


def loads(raw: bytes | str, *, max_bytes: int = MAX_BYTES) -> Any:
    """Return the value of a JSON text of at most `max_bytes`. Raises InvalidJson."""
    text = raw.encode(errors="surrogatepass") if isinstance(raw, str) else raw
    if len(text) > max_bytes:
        raise InvalidJson(f"it has {len(text)} bytes, and at most {max_bytes} are accepted")
    # The fast parser comes first: the steps below take linear time only for a text that is JSON.
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(f"it cannot be read: {error}") from error
    if depth_at_most(text) > MAX_DEPTH and nesting(text) > MAX_DEPTH:
        raise InvalidJson(f"it is nested deeper than {MAX_DEPTH} levels")
    value = STRICT_DECODER.decode(text.decode())
    if b"\\u0000" in text:
        check(value)
    return value


def depth_at_most(text: bytes) -> int:
    """Return an upper bound of the nesting depth, found without parsing: the number of opening brackets."""
    return text.count(b"[") + text.count(b"{")


def nesting(text: bytes) -> int:
    """Return the depth to which brackets and braces are nested in a JSON text, those inside strings left out."""
    level = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", STRINGS.sub(b"", text)):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object made of these pairs. Raises InvalidJson if a key is repeated."""
    result = dict(pairs)
    if len(result) != len(pairs):
        [(repeated, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise InvalidJson(f"the key {repeated[:100]!r} occurs twice in one object")
    return result


def small_int(digits: str) -> int:
    """Return the integer. Raises InvalidJson if it does not fit into 64 bits."""
    if len(digits) > 20 or not -LARGEST <= int(digits) < LARGEST:
        raise InvalidJson(f"the number {digits[:40]} does not fit into 64 bits")
    return int(digits)


def small_float(digits: str) -> float:
    """Return the number. Raises InvalidJson if it is not finite or is beyond 64 bits."""
    number = float(digits)
    require_small(number)
    return number


STRICT_DECODER = json.JSONDecoder(object_pairs_hook=unique, parse_int=small_int, parse_float=small_float)


def require_small(number: float) -> None:
    """Raise InvalidJson for infinity, for not-a-number, and for a number beyond 64 bits."""
    if not math.isfinite(number) or abs(number) >= LARGEST:
        raise InvalidJson(f"the number {number!r} is too large, or not a number")


def dumps(value: Any) -> bytes:
    """Return the value as JSON bytes; UUIDs and datetimes become strings. Raises InvalidJson."""
    if (plain := plain_text(value)) is not None:
        return plain
    check(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError as error:
        raise InvalidJson(f"it cannot be written as JSON: {error}") from error


def plain_text(value: Any) -> bytes | None:
    """Return the value as JSON bytes if it is an object that certainly holds nothing which `loads` would refuse.

    Compiled code writes it and looks through the text, where `check` visits each part of the value. The text is read
    back and compared, which finds not-a-number: it is written as null.
    """
    try:
        text = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_STRICT_INTEGER)
    except TypeError:
        return None
    is_plain = (
        text.startswith(b"{")
        and b"\\u0000" not in text
        and depth_at_most(text) <= MAX_DEPTH
        and EXPONENT.search(text) is None
        and orjson.loads(text) == value
    )
    return text if is_plain else None


def check(value: Any) -> None:
    """Raise InvalidJson if a Python value holds something that `loads` would refuse in a text."""
    todo = [(value, 1)]
    while todo:
        part, level = todo.pop()
        if level > MAX_DEPTH:
            raise InvalidJson(f"it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(part, str):
            require_clean(part)
        elif isinstance(part, float):
            require_small(part)
        elif isinstance(part, int) and not -LARGEST <= part < LARGEST:
            raise InvalidJson("an integer does not fit into 64 bits")
        elif isinstance(part, dict):
            for key, below in part.items():
                require_clean(key)
                todo.append((below, level + 1))
        elif isinstance(part, list | tuple):
            todo.extend((below, level + 1) for below in part)


def require_clean(text: Any) -> None:
    """Raise InvalidJson for a NUL or a lone surrogate, which databases refuse, and for a key that is not text."""
    if not isinstance(text, str):
        raise InvalidJson(f"the key {text!r} is not a string")
    if "\x00" in text:
        raise InvalidJson("a string holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidJson("a string holds half of a surrogate pair, which is not a character") from None


def require_room(part: Any) -> None:
    """Raise InvalidJson if a part of an event is larger than PART_BYTES or nested deeper than PART_DEPTH.

    The limits leave room for the rest of the event, and for a later event that repeats the part.
    """
    size = len(dumps(part))
    if size > PART_BYTES:
        raise InvalidJson(f"it has {size} bytes, and at most {PART_BYTES} are accepted")
    todo = [(part, 1)]
    while todo:
        value, level = todo.pop()
        if level > PART_DEPTH:
            raise InvalidJson(f"it is nested deeper than {PART_DEPTH} levels")
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        todo.extend((below, level + 1) for below in inside if isinstance(below, dict | list))
