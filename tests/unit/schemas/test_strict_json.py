"""JSON that any part of the system would read differently, or could not store, is refused at the door."""

from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import strict_json
from schemas.strict_json import InvalidJson

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(-(2.0**62), 2.0**62)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), inner)
    ),
    max_leaves=20,
)


@dataclass
class Figure:
    """Something that is no JSON value."""

    value: float = float("nan")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"\xef\xbb\xbf{}", "cannot be read"),
        (b"NaN", "cannot be read"),
        (b"1e400", "cannot be read"),
        (b'"\\ud800"', "cannot be read"),
        (b'"a\x00b"', "cannot be read"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b'{"x": {"a": 1, "\\u0061": 2}}', "twice"),
        (b"9223372036854775808", "64 bits"),
        (b"-" + b"9" * 5000, "cannot be read"),
        (b"-" + b"9" * 30, "64 bits"),
        (b"1e22", "too large"),
        (b'"\\u0000"', "NUL"),
        (b'{"\\u0000": 1}', "NUL"),
        (b"[" * 65 + b"]" * 65, "nested"),
        (b"[" * 500_000, "cannot be read"),
        (b'"' + b"x" * 1024 * 1024 + b'"', "bytes"),
    ],
)
def test_what_is_not_clean_is_refused_with_the_reason(text: bytes, says: str) -> None:
    with pytest.raises(InvalidJson, match=says):
        strict_json.loads(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        b"[" * 65 + b'"' + b'\\"' * 500_000,
        b"{" + b",".join(b'"%d":0' % number for number in range(90_000)) + b',"89999":1}',
        b"[" * 65 + b'"' + b"[" * 1_000_000 + b'"' + b"]" * 65,
        b"[" + b"[]," * 300_000 + b"1e400]",
    ],
    ids=["half a string of quotes", "the last key twice", "brackets in a deep string", "wide"],
)
def test_hostile_text_of_full_size_is_refused_without_delay(text: bytes) -> None:
    with pytest.raises(InvalidJson):
        strict_json.loads(text)


@given(st.binary(max_size=60) | st.text(max_size=60) | JSON.map(repr))
def test_whatever_comes_is_read_or_refused(text: bytes | str) -> None:
    with suppress(InvalidJson):
        strict_json.check(strict_json.loads(text))


@pytest.mark.parametrize("text", [b'"\\\\u0000"', b"[" * 64 + b"]" * 64, b'"[[[["', b"9223372036854775807", b"1e18"])
def test_what_only_looks_suspicious_is_read(text: bytes) -> None:
    strict_json.loads(text)


def test_brackets_inside_strings_are_not_nesting() -> None:
    assert strict_json.loads(b'{"a": "' + b"[" * 1000 + b'\\""}')["a"] == "[" * 1000 + '"'


@given(JSON)
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    assert strict_json.loads(strict_json.dumps(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**64,
        pytest.param(10**5000, id="5000 digits"),
        "\x00",
        "\ud800",
        {1: 2},
        object(),
        1e300,
        Figure(),
    ],
)
def test_what_cannot_be_read_back_is_not_written(value: object) -> None:
    with pytest.raises(InvalidJson):
        strict_json.dumps({"value": value} if not isinstance(value, dict) else value)
