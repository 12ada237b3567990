"""Goes through a table page by page and takes a person's names out of its rows."""

from collections.abc import Callable, Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from events.append_only import RECORDS
from events.erasures import opened_records
from events.models import Erasure
from privacy.places import Place
from privacy.words import Words

# Rows of a transaction; a payload has up to a megabyte.
MOST_ROWS = 100


def swept(place: Place, words: Words, erasure: Erasure | None) -> Iterator[int]:
    """Take the person's names out of the table, MOST_ROWS in a transaction; yield how many rows after each.

    Without an erasure nothing is changed, and the rows are only counted.
    """
    model = apps.get_model(place.model)
    for page in pages(naming(model, place.fields, words)):
        changed = {row: names for row in page if (names := take_out(row, place, words))}
        if changed and erasure is not None:
            store(model, changed, erasure)
        yield len(changed)


def store(model: type[models.Model], changed: dict[Any, list[str]], erasure: Erasure) -> None:
    """Write these fields of the rows in one transaction; records are opened for it. No audit record is made of it."""
    with opened_records(erasure if model._meta.label in RECORDS else None):
        for name in dict.fromkeys(name for names in changed.values() for name in names):
            models.QuerySet(model).bulk_update([row for row, names in changed.items() if name in names], [name])


def naming(model: type[models.Model], fields: tuple[str, ...], words: Words) -> "models.QuerySet[Any]":
    """Return the rows in which one of the person's names may stand in one of these fields."""
    texts = {f"text_of_{name}": Cast(name, TextField()) for name in fields}
    found = [Q(**{f"{name}__icontains": needle}) for name in texts for needle in words.needles]
    rows: models.QuerySet[Any] = models.QuerySet(model).annotate(**texts).filter(reduce(or_, found))
    return rows


def pages(rows: "models.QuerySet[Any]", most: int = MOST_ROWS) -> Iterator[list[Any]]:
    """Yield the rows in the order of their keys, at most so many at a time."""
    last: Any = None
    while page := list((rows if last is None else rows.filter(pk__gt=last)).order_by("pk")[:most]):
        yield page
        last = page[-1].pk


def take_out(row: Any, place: Place, words: Words) -> list[str]:
    """Take the person's names out of the row's fields; return the fields in which there was one."""
    kinds: tuple[tuple[str, Callable[[Any], Any]], ...] = (
        *((name, words.in_name) for name in place.names),
        *((name, words.in_text) for name in place.texts),
        *((name, words.in_mention) for name in place.mentions),
        *((name, words.in_document) for name in place.documents),
    )
    changed = []
    for name, without in kinds:
        before = getattr(row, name)
        after = None if before is None else without(before)
        if after != before:
            setattr(row, name, after[: row._meta.get_field(name).max_length] if isinstance(after, str) else after)
            changed.append(name)
    return changed
