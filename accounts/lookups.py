"""Limits the filters that an admin list accepts in its URL to a few fields and comparisons.

Django accepts many lookups there: a regular expression can block the database, and comparing a hidden field letter by
letter can read its value.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

COMPARISONS = frozenset({"exact", "in", "isnull", "gte", "gt", "lt", "lte"})
KEYS = frozenset({"id", "pk"})


class FewLookups(admin.ModelAdmin):  # type: ignore[type-arg]
    """Admin base class that filters only by `list_filter` and by `linked_fields`, which links of our pages use."""

    linked_fields: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Return True for a filter or linked field with one of the permitted comparisons."""
        field, *rest = lookup.split("__")
        filters = {each if isinstance(each, str) else getattr(each, "parameter_name", "") for each in self.list_filter}
        return field in filters | set(self.linked_fields) and len(rest) <= 2 and set(rest) <= COMPARISONS | KEYS
