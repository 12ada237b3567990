"""Limits what an admin list shows to the person's organisation, and the filters in its URL to a few comparisons.

Django accepts many lookups there: a regular expression can block the database, and comparing a hidden field letter by
letter can read its value.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.people import signed_in_person
from accounts.walls import within_organisation

COMPARISONS = frozenset({"exact", "in", "isnull", "gte", "gt", "lt", "lte"})
KEYS = frozenset({"id", "pk"})


class OwnRelatedFilter(admin.RelatedFieldListFilter):
    """A filter by a related row, that offers those of the person's organisation."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return (primary key, words) of the rows to choose from."""
        rows = within_organisation(signed_in_person(request), field.remote_field.model._default_manager.all())
        return [(str(row.pk), str(row)) for row in rows]


class FewLookups(admin.ModelAdmin):  # type: ignore[type-arg]
    """Admin base class of lists and pages of the person's organisation.

    Filters only by `list_filter` and by `linked_fields`, which links of our pages use.
    """

    linked_fields: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the person's organisation."""
        return within_organisation(signed_in_person(request), super().get_queryset(request))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Return True for a filter or linked field with one of the permitted comparisons."""
        field, *rest = lookup.split("__")
        filters = {name_of_filter(each) for each in self.list_filter}
        return field in filters | set(self.linked_fields) and len(rest) <= 2 and set(rest) <= COMPARISONS | KEYS


def name_of_filter(listed: Any) -> str:
    """Return the field or the parameter of an entry of `list_filter`."""
    if isinstance(listed, tuple):
        listed, _filter = listed
    return listed if isinstance(listed, str) else str(getattr(listed, "parameter_name", ""))
