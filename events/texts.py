"""Cuts texts where they are built, so that no event is larger than its contract allows."""

from collections.abc import Iterable, Mapping
from typing import Any

# Most characters of a reason or a note in every contract.
LONGEST_REASON = 20_000
CUT = " […]"
# Most criteria in an event, and most characters of each.
MOST_CRITERIA, LONGEST_CRITERION = 200, 5_000


def shortened(text: str, longest: int = LONGEST_REASON) -> str:
    """Return the text; if it is longer than `longest`, its beginning and a mark."""
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT


def joined(parts: Iterable[str], longest: int = LONGEST_REASON) -> str:
    """Return the parts with semicolons between them; if that is too long, each part is cut to an equal share."""
    texts = list(parts)
    text = "; ".join(texts)
    if len(text) <= longest:
        return text
    share = max(longest // len(texts) - 2, len(CUT))
    return shortened("; ".join(shortened(part, share) for part in texts), longest)


def cut_to_contract(payload: Mapping[str, object]) -> dict[str, Any]:
    """Return the payload with its reason and its criteria cut to what every contract allows."""
    cut: dict[str, Any] = dict(payload)
    if isinstance(reason := payload.get("reason"), str):
        cut["reason"] = shortened(reason)
    if isinstance(criteria := payload.get("unmet_criteria"), list):
        cut["unmet_criteria"] = [shortened(text, LONGEST_CRITERION) for text in criteria[:MOST_CRITERIA]]
    return cut
