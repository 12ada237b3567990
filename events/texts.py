"""Texts that grow: cut where they are built, so that no event is larger than its contract allows."""

from collections.abc import Iterable, Mapping
from typing import Any

# What a reason or a note may hold in every contract.
LONGEST_REASON = 20_000
CUT = " […]"
# Criteria that an event names, and what each may hold.
MOST_CRITERIA, LONGEST_CRITERION = 200, 5_000


def shortened(text: str, longest: int = LONGEST_REASON) -> str:
    """Return the text, or its beginning and a mark where it is longer."""
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT


def joined(parts: Iterable[str], longest: int = LONGEST_REASON) -> str:
    """Return the parts with a semicolon between them, each cut to its fair share where all would be too long."""
    listed = list(parts)
    whole = "; ".join(listed)
    if len(whole) <= longest:
        return whole
    share = max(longest // len(listed) - 2, len(CUT))
    return shortened("; ".join(shortened(part, share) for part in listed), longest)


def fitted(payload: Mapping[str, object]) -> dict[str, Any]:
    """Return the payload of an event of ours with its reason and its criteria cut to what every contract allows."""
    fits: dict[str, Any] = dict(payload)
    if isinstance(reason := payload.get("reason"), str):
        fits["reason"] = shortened(reason)
    if isinstance(criteria := payload.get("unmet_criteria"), list):
        fits["unmet_criteria"] = [shortened(text, LONGEST_CRITERION) for text in criteria[:MOST_CRITERIA]]
    return fits
