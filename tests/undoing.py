"""Taking back what a call did, so that the next call of the same test meets the same objects."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from backlog.blueprints import definition_of


@contextmanager
def undone() -> Iterator[None]:
    """Roll back what the block wrote; what it would have done after its commit is never done."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
        connection.run_on_commit.clear()
    definition_of.cache_clear()  # a template that is made later may get the number of one that was undone
