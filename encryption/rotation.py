"""The change of keys: every encrypted value is sealed anew, in short transactions, while the system runs.

A new data key is made, and from then on encrypts. Then each table is walked; what is encrypted with an older key, or
stands in the clear in a column of an earlier release, is encrypted with the new one. Data keys are sealed anew with the
key-encryption key that is current, so that an older one can be taken away afterwards. A run that was broken off goes on
with the key that it made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models.functions import Now

from encryption.data_keys import OpenKey, beginning, keys_newest_first, new_data_key, opened
from encryption.errors import EncryptionError
from encryption.fields import EncryptedField, Encrypting, encrypted_fields
from encryption.models import DataKey
from encryption.wrapping import key_wrapper

# Rows of a transaction: some milliseconds.
MOST_ROWS = 100
# A key that was replaced is kept for this long: a process may have asked for it just before, and still write with it.
KEPT_FOR = timedelta(hours=1)


@dataclass
class Progress:
    """How far the change of keys has come: rows of each table that were encrypted anew, and values nobody can open."""

    rows: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    keys_left: int = 0
    keys_retired: int = 0


def rotate_keys(progress: Progress, *, drop_lost: bool = False) -> Iterator[str]:
    """Encrypt every value anew; yield the name of a table after each transaction. Safe to break off and run again.

    Values that no key opens stay as they are and are named in `progress.lost`; with `drop_lost` they are deleted.
    Raises KeyMissing, before anything has changed, if a data key cannot be opened and `drop_lost` is not set.
    """
    key = begun_key(drop_lost=drop_lost)
    for model in encrypting_models():
        progress.rows[model._meta.db_table] = 0
        for count in rotated_rows(model, key, progress, drop_lost=drop_lost):
            progress.rows[model._meta.db_table] += count
            yield model._meta.db_table
    if not progress.lost or drop_lost:
        DataKey.objects.filter(pk=key.id).update(rotated_at=Now())
        progress.keys_retired = retire_keys(drop_lost=drop_lost)
    progress.keys_left = DataKey.objects.exclude(pk=key.id).count()


def encrypting_models() -> list[type[Encrypting]]:
    """Return the models with encrypted fields."""
    return [model for model in apps.get_models() if issubclass(model, Encrypting)]


# -- keys ------------------------------------------------------------------------------------------
@transaction.atomic
def begun_key(*, drop_lost: bool) -> OpenKey:
    """Return the data key of the run that was broken off, or a new one; seal the others anew. Raises KeyMissing."""
    rows = list(keys_newest_first().select_for_update())
    usable = [row for row in rows if not drop_lost or is_usable(row)]
    for row in usable:
        row.wrapped_by, row.wrapped = key_wrapper().wrap(opened(row).key)
    DataKey.objects.bulk_update(usable, ["wrapped", "wrapped_by"])
    is_broken_off = bool(usable) and usable[0] is rows[0] and usable[0].rotated_at is None
    return opened(usable[0] if is_broken_off else new_data_key(rotated_at=None))


def is_usable(row: DataKey) -> bool:
    """Return True if the data key can be opened."""
    try:
        return bool(opened(row))
    except EncryptionError:
        return False


def retire_keys(*, drop_lost: bool) -> int:
    """Delete the data keys that were replaced KEPT_FOR ago and that no value names, and return how many."""
    rows = list(keys_newest_first())
    [now] = DataKey.objects.values_list(Now(), flat=True)[:1]
    replaced = {row.pk: later.made_at for later, row in pairwise(rows)}
    old = [row for row in rows[1:] if drop_lost or replaced[row.pk] < now - KEPT_FOR]
    unused = [row.pk for row in old if not is_named(row)]
    return DataKey.objects.filter(pk__in=unused).delete()[0]


def is_named(row: DataKey) -> bool:
    """Return True if a value is encrypted with this data key."""
    return any(
        model._base_manager.filter(**{f"{column.name}__startswith": beginning(row.pk)}).exists()
        for model in encrypting_models()
        for column in encrypted_fields(model)
    )


# -- rows ------------------------------------------------------------------------------------------
def rotated_rows(model: type[Encrypting], key: OpenKey, progress: Progress, *, drop_lost: bool) -> Iterator[int]:
    """Encrypt the rows of the model anew, MOST_ROWS in a transaction; yield how many after each."""
    fields = encrypted_fields(model)
    due = model._base_manager.filter(models.Q(*(each.needs_rotation(key) for each in fields), _connector=models.Q.OR))
    last: Any = None
    while True:
        with transaction.atomic():
            page = due.order_by("pk") if last is None else due.order_by("pk").filter(pk__gt=last)
            rows = list(page.select_for_update()[:MOST_ROWS])
            store(model, [row for row in rows if encrypt_anew(row, fields, key, progress, drop_lost=drop_lost)])
        if not rows:
            return
        last = rows[-1].pk
        yield len(rows)


def encrypt_anew(
    row: Encrypting, fields: list[EncryptedField], key: OpenKey, progress: Progress, *, drop_lost: bool
) -> bool:
    """Encrypt the values of the row with this key; return False if one cannot be opened, and is noted as lost."""
    try:
        values = {column: getattr(row, column.name) for column in fields}
    except EncryptionError as error:
        progress.lost.append(str(error))
        values = dict.fromkeys(fields)
    for column, value in values.items():
        setattr(row, column.name, value)
        row.__dict__[column.attname] = column.sealed(row, key)
    return drop_lost or any(value is not None for value in values.values())


def store(model: type[Encrypting], rows: list[Encrypting]) -> None:
    """Write the encrypted columns of the rows, and the emptied ones of the earlier releases, with one statement."""
    fields = encrypted_fields(model)
    for row in rows:
        for column in fields:
            sealed = row.__dict__[column.attname]
            row.__dict__[column.attname] = models.Value(None if sealed is None else str(sealed), models.TextField())
            if column.plain and getattr(row, column.plain) is None:
                # Of JSON, None would be stored as a null of JSON, which is a value.
                setattr(row, column.plain, models.Value(None, models.TextField()))
    names = [name for column in fields for name in (column.name, column.plain) if name]
    if rows:
        model._base_manager.bulk_update(rows, names)


# -- what the clear columns leave in the file ------------------------------------------------------
def erase_free_pages() -> bool:
    """Have SQLite write its file anew, without what was deleted; return False if another process keeps it from that.

    PostgreSQL does so by itself in the course of time (VACUUM), and no dump holds what was deleted.
    """
    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        try:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except Exception as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
            return False
        [is_busy, *_] = cursor.fetchone()
    return not is_busy
