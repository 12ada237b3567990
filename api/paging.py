"""Pages of lists by cursor: each page costs the same, and new rows do not make another row appear twice."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError as Unreadable
from django.db.models import QuerySet
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination

from events.prepared import Fixed


class FirstPage:
    """The first page of a list that is read without filters and without a cursor, by queries that are compiled once.

    `build` makes the queryset of the list, already in its order. One form is kept for each number of rows.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self.compiled = lru_cache(Pages.max_page_size)(lambda number: Fixed[Any](lambda: build()[:number]))

    def order_by(self, *by: str) -> "FirstPage":
        """Return itself: it is in its order."""
        return self

    def __getitem__(self, wanted: slice) -> list[Any]:
        """Return the rows before the end of the slice, which begins at 0."""
        rows: list[Any] = self.compiled(wanted.stop).rows()
        return rows


class Pages(CursorPagination):
    """Cursor pagination with `?limit=` rows on a page, at most 200."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def __init__(self, by: tuple[str, ...]) -> None:
        self.by = by

    def paginate_queryset(self, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the rows of the page. Raises NotFound for a cursor that is not from a page of this list."""
        if not isinstance(queryset, FirstPage):
            self.first_of_order = queryset.model._meta.get_field(self.by[0].lstrip("-"))
        try:
            return super().paginate_queryset(queryset, *args, **kwargs)
        except (ValueError, OverflowError, Unreadable) as error:
            raise NotFound(self.invalid_cursor_message) from error

    def decode_cursor(self, request: Any) -> Any:
        """Return the cursor. Raises ValueError or Django's ValidationError if its value does not fit the field."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            if "\0" in str(cursor.position):  # which PostgreSQL knows in no text
                raise ValueError(cursor.position)
            place = self.first_of_order.to_python(cursor.position)
            if isinstance(place, datetime) and is_naive(place):
                raise ValueError(cursor.position)
        return cursor

    def get_page_size(self, request: Any) -> int:
        """Return the number of rows asked for, at most 200. Raises ValidationError unless it is a number above 0."""
        asked = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if not (asked.isascii() and asked.isdecimal() and asked.strip("0")):
            raise ValidationError({self.page_size_query_param: [_("A whole number above 0 is needed.")]})
        return (
            self.max_page_size
            if len(asked.lstrip("0")) > len(str(self.max_page_size))
            else min(int(asked), self.max_page_size)
        )

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        """Return the fields by which the list is ordered; the last one is unique."""
        return self.by
