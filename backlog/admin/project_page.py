"""Content of a project's admin page: the fields of the work context."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import ngettext

from backlog.models import Project, WorkContext
from backlog.readings import settled
from pages.admin_pages import json_as_html


def known_fields(project: Project) -> list[dict[str, Any]]:
    """Return the fields of the project's work context: `field`, `value`, and the provenance `by`, `door` and `at`."""
    context = WorkContext.objects.filter(pk=project.pk).first()
    if context is None:
        return []
    return [
        {"field": field, "value": value_in_short(value), **provenance_with_moment(context.provenance.get(field, {}))}
        for field, value in shown_data(context.data).items()
        if field != "rows" or value  # a request without a table has no rows
    ]


def shown_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the work context with the rows that are used, and each answer about its file as a field of its own."""
    answers = {f"reading_{field}": value for field, value in (data.get("reading") or {}).items()}
    return {**settled(data), **answers}


def value_in_short(value: Any) -> Any:
    """Return a table as its number of rows, other lists and objects as JSON, and any other value unchanged."""
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return ngettext("%(n)s row", "%(n)s rows", len(value)) % {"n": number_format(len(value), use_l10n=True)}
    return json_as_html(value) if isinstance(value, dict | list) and value else value


def provenance_with_moment(provenance: dict[str, Any]) -> dict[str, Any]:
    """Return the provenance with `at` as a datetime, None if it is missing."""
    return {**provenance, "at": datetime.fromisoformat(provenance["at"]) if "at" in provenance else None}
