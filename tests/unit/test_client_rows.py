"""The Python client downloads rows whose texts have characters that Python takes for the end of a line."""

import json
from types import SimpleNamespace
from typing import Any, cast

from interlock_client import Client, Work

ROWS = [{"text": "one\u2028two\u0085three\x0bfour"}, {"text": "five"}]


def test_a_text_with_a_line_separator_is_one_row() -> None:
    lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in ROWS)
    answer: Any = SimpleNamespace(content=lines, text=lines.decode())
    client = cast(Client, SimpleNamespace(call=lambda _method, _path: answer))
    assert Work(client, "L1", {}, {"rows_ref": {"id": "A1"}}).rows() == ROWS
