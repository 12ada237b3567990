"""The readings of a file in doubt: its rows under each combination of answers, kept until a person has answered.

A work context holds them under `readings`, which only Interlock sets:

- `doubts`: a list of the questions about the file, each with `given`, the answers after which it arises;
- `rows`: {name of a combination of answers (`key_of`): its `rows`, or `rows_ref` if they are stored}.

The answers are under `reading`: {field of the doubt: value of the choice}. Nobody's figures are computed from rows that
are not settled: until then a dispatch has none.
"""

from collections.abc import Mapping
from typing import Any

Doubts = list[dict[str, Any]]


def key_of(answers: Mapping[str, str]) -> str:
    """Return the name of a combination of answers, such as `duration_unit=s`."""
    return "&".join(f"{field}={value}" for field, value in answers.items())


def follow(data: Mapping[str, Any]) -> tuple[dict[str, str], Doubts]:
    """Return the answers that settle the file as far as they go, and the doubts that can be asked about then.

    A doubt can arise from the answer to another one, or be another doubt after it, such as the unit of another column:
    it is asked about only when it stays the same however the others are answered. An answer that is no choice of its
    doubt counts as none.
    """
    doubts, chosen = data["readings"]["doubts"], data.get("reading") or {}
    path: dict[str, str] = {}
    while arising := doubts_at(path, doubts):
        if not is_answered(arising[0], chosen):
            still_open = [doubt for doubt in arising if not is_answered(doubt, chosen)]
            return path, [doubt for doubt in still_open if arises_anyway(doubt, path, doubts)]
        path[arising[0]["field"]] = chosen[arising[0]["field"]]
    return path, []


def doubts_at(path: Mapping[str, str], doubts: Doubts) -> Doubts:
    """Return the doubts that are open after these answers; the readings branch by the first of them."""
    return [doubt for doubt in doubts if doubt["given"] == path]


def arises_anyway(wanted: Mapping[str, Any], path: Mapping[str, str], doubts: Doubts) -> bool:
    """Return True if the same doubt arises after these answers whatever is answered to the doubts before it."""
    arising = doubts_at(path, doubts)
    if not arising:
        return False
    first, values = arising[0], [choice["value"] for choice in arising[0]["choices"]]
    if first["title"] == wanted["title"] and values == [choice["value"] for choice in wanted["choices"]]:
        return True
    return all(arises_anyway(wanted, {**path, first["field"]: value}, doubts) for value in values)


def is_answered(doubt: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    """Return True if the chosen value is one of the doubt's choices."""
    return any(choice["value"] == chosen.get(doubt["field"]) for choice in doubt["choices"])


def open_doubts(data: Mapping[str, Any]) -> Doubts:
    """Return the doubts that can be asked about now; none if the context has no file in doubt, or rows of its own."""
    return [] if "readings" not in data or data.get("rows") else follow(data)[1]


def settled(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the work context with the rows of the chosen reading, and without `readings` and `reading`.

    Rows that a person gave since the file was read stand. While a doubt is open there are no rows.
    """
    kept = {key: value for key, value in data.items() if key not in ("readings", "reading")}
    if "readings" not in data or data.get("rows"):
        return kept
    answers, still_open = follow(data)
    return kept if still_open else {**kept, **data["readings"]["rows"][key_of(answers)]}
