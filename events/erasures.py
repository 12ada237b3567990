"""The door by which names leave the records: `Erasure` says whose, by whom and why, and stays as the record of it.

The triggers of record tables let the columns of ERASABLE (`events/append_only.py`) change inside a transaction that has
opened the row of an erasure; no other session sees it open.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from events.models import Erasure


@contextmanager
def opened_records(erasure: Erasure | None) -> Iterator[None]:
    """Run the block in a transaction in which names may be taken out of the records; not for None."""
    with transaction.atomic():
        if erasure is not None:
            Erasure.objects.filter(pk=erasure.pk).update(is_open=True)
        yield
        if erasure is not None:
            Erasure.objects.filter(pk=erasure.pk).update(is_open=False)
