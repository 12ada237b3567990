"""Base class of models whose creation, change and deletion is written to the audit log.

The records are written in those methods of the ORM through which all changes go: `save_base`, `update`, `bulk_create`.
Changes by raw SQL are not recorded.
"""

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Self, TypeVar

from django.db import models, transaction

from accounts.audit import AuditRecord

LONGEST_VALUE = 200
M = TypeVar("M", bound="Recorded")


class RecordedQuerySet(models.QuerySet[M]):
    """A queryset whose bulk changes are audited too."""

    def update(self, **values: Any) -> int:
        """Update the rows and record the change of each one; without a recorded field this is a plain update."""
        if not self.model.is_recorded(values):
            return super().update(**values)
        with transaction.atomic(using=self.db):
            before = stored_rows(self.model, self.db, list(self.values_list("pk", flat=True)))
            changed = super().update(**values)
            after = stored_rows(self.model, self.db, before)
            write_records([record for pk, row in after.items() for record in row.audit_records(before[pk])], self.db)
        return changed

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        """Insert the rows and record the creation of each one."""
        with transaction.atomic(using=self.db):
            made = super().bulk_create(objs, *args, **options)
            write_records([record for row in made for record in row.audit_records(None)], self.db)
        return made


class Recorded(models.Model):
    """Abstract model whose creation, change and deletion is recorded in the same transaction."""

    on_record: ClassVar[frozenset[str]]  # the fields whose changes are recorded
    secret_fields: ClassVar[frozenset[str]] = frozenset()  # recorded fields whose values are not shown
    related_names: ClassVar[tuple[str, ...]] = ()  # relations that a record names; loaded with the row

    class Meta:
        abstract = True

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return unsaved records of the differences from the row `before`, or of the creation if that is None."""
        raise NotImplementedError

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved record of the deletion of this row."""
        raise NotImplementedError

    @classmethod
    def is_recorded(cls, names: Collection[str]) -> bool:
        """Return True if one of these names, of fields or of columns, is of a recorded field."""
        return any(cls._meta.get_field(name).name in cls.on_record for name in names if name != "pk")

    def save_base(self, *args: Any, using: str | None = None, update_fields: Any = None, **options: Any) -> None:
        """Save the row and record what changed. `save`, `create` and `loaddata` all call this method."""
        options |= {"using": using, "update_fields": update_fields}
        if update_fields is not None and not self.is_recorded(update_fields):
            super().save_base(*args, **options)
            return
        with transaction.atomic(using=using):
            before = stored_rows(type(self), using, [self.pk]).get(self.pk) if self.pk else None
            super().save_base(*args, **options)
            write_records(self.audit_records(before), using)

    def field_in_words(self, field: str) -> str:
        """Return the value of the field in words, for a record."""
        return value_in_words(getattr(self, field))


def stored_rows(model: type[M], using: str | None, pks: Iterable[Any]) -> dict[Any, M]:
    """Return the stored rows with these primary keys, by primary key."""
    rows = model._base_manager.using(using).filter(pk__in=list(pks))
    complete = rows.select_related(*model.related_names) if model.related_names else rows
    return {row.pk: row for row in complete}


def write_records(records: list[AuditRecord], using: str | None) -> None:
    """Insert these records into the audit log with one statement."""
    AuditRecord.objects.using(using).bulk_create(records)


def record_deletion(sender: type[Recorded], instance: Recorded, using: str, **sent: Any) -> None:
    """Record the deletion of a row. Receiver of the signal `pre_delete`."""
    write_records([instance.deleted_record()], using)


def differences_in_words(row: Recorded, before: Recorded | None, *, without: Collection[str] = ()) -> str:
    """Return in words the differences of recorded fields: "email: a@x → b@x; staff status: no → yes".

    For a new row (`before` is None), the values that differ from the defaults.
    """
    earlier = before or type(row)()
    fields = [field for field in row._meta.concrete_fields if field.name in row.on_record and field.name not in without]
    changed = [field for field in fields if getattr(row, field.attname) != getattr(earlier, field.attname)]
    return "; ".join(f"{field.name.replace('_', ' ')}: {change_in_words(field, row, before)}" for field in changed)


def change_in_words(field: "models.Field[Any, Any]", row: Recorded, before: Recorded | None) -> str:
    """Return the change of one field in words; of a secret field only that it changed."""
    if field.name in row.secret_fields:
        return "changed" if before else "set"
    new = row.field_in_words(field.name)
    return f"{before.field_in_words(field.name)} → {new}" if before else new


def value_in_words(value: Any) -> str:
    """Return a value in words, at most LONGEST_VALUE characters."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return text[:LONGEST_VALUE] or "nothing"
