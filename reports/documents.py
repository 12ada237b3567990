"""The report as a JSON document: the same model, for programs."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from reports.model import Report

# The version of the document's form; a change that a reader could stumble over raises it.
FORM = 1


def as_document(report: Report, *, for_staff: bool = False) -> dict[str, Any]:
    """Return the report as an object of JSON values; the sections that are for staff only with `for_staff`."""
    document: dict[str, Any] = json_value({"form": FORM, **asdict(report)})
    if not for_staff:
        for name in ("sections", "files"):
            document[name] = [part for part in document[name] if not part["is_internal"]]
    return document


def json_value(value: Any) -> Any:
    """Return a value as JSON values: dates in ISO 8601, sets as sorted lists, ids as texts."""
    if isinstance(value, dict):
        return {key: json_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(part) for part in value]
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
