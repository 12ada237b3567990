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
    """Return the answers that settle the file as far as they go, and the doubts that are open then.

    A doubt can arise from the answer to another one, so that the doubts are followed one by one. An answer that is no
    choice of its doubt counts as none.
    """
    doubts, chosen = data["readings"]["doubts"], data.get("reading") or {}
    path: dict[str, str] = {}
    while arising := [doubt for doubt in doubts if doubt["given"] == path]:
        if not is_answered(arising[0], chosen):
            return path, [doubt for doubt in arising if not is_answered(doubt, chosen)]
        path[arising[0]["field"]] = chosen[arising[0]["field"]]
    return path, []


def is_answered(doubt: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    """Return True if the chosen value is one of the doubt's choices."""
    return any(choice["value"] == chosen.get(doubt["field"]) for choice in doubt["choices"])


def open_doubts(data: Mapping[str, Any]) -> Doubts:
    """Return the doubts about the file of this work context that nobody has answered; none if it has own rows."""
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
