"""Pages of lists by cursor: each page costs the same, and new rows do not make another row appear twice."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as Unreadable
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    """Cursor pagination with `?limit=` rows on a page, at most 200."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def __init__(self, by: tuple[str, ...]) -> None:
        self.by = by

    def paginate_queryset(self, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the rows of the page. Raises NotFound for a cursor that is not from a page of this list."""
        self.first_of_order = queryset.model._meta.get_field(self.by[0].lstrip("-"))
        try:
            return super().paginate_queryset(queryset, *args, **kwargs)
        except (ValueError, OverflowError, Unreadable) as error:
            raise NotFound(self.invalid_cursor_message) from error

    def decode_cursor(self, request: Any) -> Any:
        """Return the cursor. Raises ValueError or Django's ValidationError if its value does not fit the field."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
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
