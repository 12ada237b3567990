"""Lists by cursor: a page costs the same wherever it is, and nothing is shown twice while rows come in."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as Unreadable
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    """`?limit=` rows a page, at most 200; `next` and `previous` are links with a cursor."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def __init__(self, by: tuple[str, ...]) -> None:
        self.by = by

    def paginate_queryset(self, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        """The rows of the page. Raises NotFound for a cursor that no page of this list has given."""
        self.first_of_order = queryset.model._meta.get_field(self.by[0].lstrip("-"))
        try:
            return super().paginate_queryset(queryset, *args, **kwargs)
        except (ValueError, OverflowError, Unreadable) as error:
            raise NotFound(self.invalid_cursor_message) from error

    def decode_cursor(self, request: Any) -> Any:
        """The cursor. Raises ValueError, or ValidationError of Django, for a place that is none in this order."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            place = self.first_of_order.to_python(cursor.position)
            if isinstance(place, datetime) and is_naive(place):
                raise ValueError(cursor.position)
        return cursor

    def get_page_size(self, request: Any) -> int:
        """As many rows as are asked for, and at most 200. Raises ValidationError."""
        said = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if not (said.isascii() and said.isdecimal() and said.strip("0")):
            raise ValidationError({self.page_size_query_param: [_("A whole number above 0 is needed.")]})
        return (
            self.max_page_size
            if len(said.lstrip("0")) > len(str(self.max_page_size))
            else min(int(said), self.max_page_size)
        )

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        """The list's one order, which ends in what is unique."""
        return self.by
