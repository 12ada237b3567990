"""Lists by cursor: a page costs the same wherever it is, and nothing is shown twice while rows come in."""

from typing import Any

from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    """`?limit=` rows a page, at most 200; `next` and `previous` are links with a cursor."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def __init__(self, by: tuple[str, ...]) -> None:
        self.by = by

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        """The list's one order, which ends in what is unique."""
        return self.by
