"""Models whose making, changing and deleting goes on record, whichever door it comes through.

The record is written where every door of the ORM comes by: saving, updating and inserting in bulk. Raw SQL does not.
"""

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Self, TypeVar

from django.db import models, transaction

from accounts.audit import AuditRecord

LONGEST_VALUE = 200
M = TypeVar("M", bound="Recorded")


class RecordedQuerySet(models.QuerySet[M]):
    """Rows whose changes go on record in bulk too."""

    def update(self, **values: Any) -> int:
        """Update the rows and put on record what changed in each; columns that are not recorded cost nothing."""
        if not self.model.is_recorded(values):
            return super().update(**values)
        with transaction.atomic(using=self.db):
            before = stored(self.model, self.db, list(self.values_list("pk", flat=True)))
            changed = super().update(**values)
            after = stored(self.model, self.db, before)
            write([record for pk, row in after.items() for record in row.audit_records(before[pk])], self.db)
        return changed

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        """Insert the rows and put each on record."""
        with transaction.atomic(using=self.db):
            made = super().bulk_create(objs, *args, **options)
            write([record for row in made for record in row.audit_records(None)], self.db)
        return made


class Recorded(models.Model):
    """A model whose making, changing and deleting goes on record in the same transaction."""

    on_record: ClassVar[frozenset[str]]  # the fields whose change is recorded
    secret_fields: ClassVar[frozenset[str]] = frozenset()  # of these, what they hold is not
    related_names: ClassVar[tuple[str, ...]] = ()  # what an entry names: loaded with the row

    class Meta:
        abstract = True

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return unsaved entries for what differs from the row `before`, or for its making where there was none."""
        raise NotImplementedError

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved entry for its deletion."""
        raise NotImplementedError

    @classmethod
    def is_recorded(cls, names: Collection[str]) -> bool:
        """Return True if one of the fields goes on record, by its name or its column's."""
        return any(cls._meta.get_field(name).name in cls.on_record for name in names if name != "pk")

    def save_base(self, *args: Any, using: str | None = None, update_fields: Any = None, **options: Any) -> None:
        """Store the row and put on record what changed: `save`, `create` and `loaddata` all end here."""
        options |= {"using": using, "update_fields": update_fields}
        if update_fields is not None and not self.is_recorded(update_fields):
            super().save_base(*args, **options)
            return
        with transaction.atomic(using=using):
            before = stored(type(self), using, [self.pk]).get(self.pk) if self.pk else None
            super().save_base(*args, **options)
            write(self.audit_records(before), using)

    def in_words(self, field: str) -> str:
        """Return what the field holds, as the record says it."""
        return worded(getattr(self, field))


def stored(model: type[M], using: str | None, pks: Iterable[Any]) -> dict[Any, M]:
    """Return the rows with these keys as the database has them."""
    rows = model._base_manager.using(using).filter(pk__in=list(pks))
    named = rows.select_related(*model.related_names) if model.related_names else rows
    return {row.pk: row for row in named}


def write(records: list[AuditRecord], using: str | None) -> None:
    """Add these entries to the audit log, in one statement."""
    AuditRecord.objects.using(using).bulk_create(records)


def deleting(sender: type[Recorded], instance: Recorded, using: str, **sent: Any) -> None:
    """Put the deletion of a row on record, before it."""
    write([instance.deleted_record()], using)


def differences(row: Recorded, before: Recorded | None, *, without: Collection[str] = ()) -> str:
    """Return in words what differs on record from the row before: "email: a@x → b@x; staff status: no → yes".

    Of a row that is new, what was given.
    """
    earlier = before or type(row)()
    fields = [field for field in row._meta.concrete_fields if field.name in row.on_record and field.name not in without]
    changed = [field for field in fields if getattr(row, field.attname) != getattr(earlier, field.attname)]
    return "; ".join(f"{field.name.replace('_', ' ')}: {change(field, row, before)}" for field in changed)


def change(field: "models.Field[Any, Any]", row: Recorded, before: Recorded | None) -> str:
    """Return the change of one field in words."""
    if field.name in row.secret_fields:
        return "changed" if before else "set"
    new = row.in_words(field.name)
    return f"{before.in_words(field.name)} → {new}" if before else new


def worded(value: Any) -> str:
    """Return a value in words, of bounded length."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return text[:LONGEST_VALUE] or "nothing"
