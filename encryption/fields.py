"""Model fields whose values are stored encrypted and read as before.

The class of the model is an `Encrypting`, which encrypts when a row is saved. What is bound to the row has to be known
then: a row whose number the database gives is inserted first, and its values follow in the same transaction.

The columns in which earlier releases kept the values stay for one release more (`plain`). What stands in one was
written by a process of an earlier release, and counts before the encrypted value; `rotate-keys` and saving empty it.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import orjson
from django.db import models, transaction
from django.db.models.query_utils import DeferredAttribute

from encryption.data_keys import OpenKey, Sealed, beginning, current_key, open_sealed


class OpenedWhenRead(DeferredAttribute):
    """The attribute of an encrypted field: opens the value when it is read for the first time."""

    field: "EncryptedField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        """Return the value in the clear. Raises EncryptionError."""
        value = super().__get__(instance, cls)
        if instance is None or isinstance(value, models.Expression):
            return value
        if self.field.is_plain(instance, encrypted=value):
            return getattr(instance, self.field.plain)
        if isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = self.field.opened(instance, value)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        """Set the value, in the clear or as it was read from the database."""
        instance.__dict__[self.field.attname] = value
        if self.field.plain and value is not None and not isinstance(value, Sealed):
            self.field.empty_plain(instance)


class EncryptedField(models.Field):  # type: ignore[type-arg]
    """A value of JSON, or null, that is stored encrypted. It can be neither searched nor sorted by."""

    descriptor_class = OpenedWhenRead

    def __init__(self, *args: Any, plain: str = "", **options: Any) -> None:
        """`plain` names the field of the column in which earlier releases kept the value in the clear."""
        self.plain = plain
        super().__init__(*args, **{"null": True, "editable": False, **options})

    def get_internal_type(self) -> str:
        """Return the kind of column: a text."""
        return "TextField"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed | None:
        """Return the value as it is stored, which is opened when it is read."""
        return None if value is None else Sealed(value)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Return what is stored. Raises TypeError for a value that no `save` has encrypted."""
        if value is None or hasattr(value, "resolve_expression"):
            return super().get_db_prep_save(value, connection)
        if isinstance(value, Sealed):
            return str(value)
        raise TypeError(f"{self} is encrypted: set it on an object and call save(), which knows the row.")

    def pre_save(self, model_instance: Any, add: bool) -> Sealed | None:
        """Return the encrypted value; null for a row that has no number yet, see `Encrypting.save_base`."""
        return self.sealed(model_instance, model_instance.data_key) if model_instance.is_place_known() else None

    def sealed(self, instance: Any, key: OpenKey | None) -> Sealed | None:
        """Return the instance's value encrypted with the key. Raises TypeError without one."""
        value = instance.__dict__.get(self.attname)
        if value is None or isinstance(value, Sealed):
            return value
        if key is None:
            raise TypeError(f"{self} is encrypted by save() alone, and not by bulk_create().")
        return key.seal(orjson.dumps(value), self.place_of(instance))

    def opened(self, instance: Any, sealed: Sealed) -> Any:
        """Return the value in the clear. Raises EncryptionError."""
        return orjson.loads(open_sealed(sealed, self.place_of(instance)))

    def place_of(self, instance: Any) -> str:
        """Return the place to which the value is bound: table, column and row."""
        return f"{instance._meta.db_table}.{self.column}.{instance.row_in_words()}"

    def is_plain(self, instance: Any, *, encrypted: Any) -> bool:
        """Return True if the value stands in the column of the earlier releases."""
        return bool(self.plain) and (encrypted is None or bool(getattr(instance, self.plain)))

    def empty_plain(self, instance: Any) -> None:
        """Empty the attribute of the column of the earlier releases."""
        setattr(instance, self.plain, self.empty_value())

    def empty_value(self) -> Any:
        """Return what stands in the column of the earlier releases where it holds nothing."""
        plain: models.Field[Any, Any] = self.model._meta.get_field(self.plain)  # type: ignore[assignment]
        return plain.get_default()

    def is_clear(self, instance: Any) -> bool:
        """Return True if the instance holds a value that is not encrypted yet."""
        value = instance.__dict__.get(self.attname)
        return value is not None and not isinstance(value, Sealed)

    def needs_rotation(self, key: OpenKey) -> models.Q:
        """Return the condition of rows whose value is not encrypted with this key, or stands in the clear."""
        with_this_key = models.Q(**{f"{self.name}__startswith": beginning(key.id)})
        from_other_key = models.Q(**{f"{self.name}__isnull": False}) & ~with_this_key
        if not self.plain:
            return from_other_key
        in_the_clear, empty = models.Q(**{f"{self.plain}__isnull": False}), self.empty_value()
        return from_other_key | (in_the_clear if empty is None else in_the_clear & ~models.Q(**{self.plain: empty}))


class Encrypting(models.Model):
    """Abstract model with encrypted fields, whose values are bound to the row that `sealed_to` names."""

    sealed_to: ClassVar[tuple[str, ...]] = ("pk",)  # the attributes that tell the row; they never change
    data_key: OpenKey | None = None  # the key that encrypts, while the row is being saved

    class Meta:
        abstract = True

    def is_place_known(self) -> bool:
        """Return True if everything is known that tells the row."""
        return all(getattr(self, name) is not None for name in self.sealed_to)

    def row_in_words(self) -> str:
        """Return what tells the row from the others of its table."""
        return ".".join(str(getattr(self, name)) for name in self.sealed_to)

    def save_base(self, *args: Any, using: str | None = None, update_fields: Any = None, **options: Any) -> None:
        """Save the row with its values encrypted, and empty the columns of the earlier releases."""
        fields = [
            field for field in encrypted_fields(type(self)) if update_fields is None or field.name in update_fields
        ]
        if update_fields is not None:
            update_fields = frozenset([*update_fields, *(field.plain for field in fields if field.plain)])
        options |= {"using": using, "update_fields": update_fields}
        self.take_from_plain(fields)
        if not any(field.is_clear(self) for field in fields):
            super().save_base(*args, **options)
            return
        is_placed, self.data_key = self.is_place_known(), current_key()
        with transaction.atomic(using=using):
            super().save_base(*args, **options)
            if not is_placed:
                values = {field.name: field.sealed(self, self.data_key) for field in fields}
                type(self)._base_manager.using(using).filter(pk=self.pk).update(**values)
        self.data_key = None

    def take_from_plain(self, fields: Iterable[EncryptedField]) -> None:
        """Take the values that stand in the columns of the earlier releases, which empties these."""
        for field in fields:
            if field.plain and getattr(self, field.plain):
                setattr(self, field.attname, getattr(self, field.plain))

    def is_changed(self, field_name: str, before: "Encrypting") -> bool:
        """Return True if the value differs from that of `before`; two that were only read are not opened."""
        own, other = self.__dict__.get(field_name), before.__dict__.get(field_name)
        is_as_read = isinstance(own, Sealed) and isinstance(other, Sealed) and own == other
        return not is_as_read and getattr(self, field_name) != getattr(before, field_name)


def encrypted_fields(model: type[models.Model]) -> list[EncryptedField]:
    """Return the encrypted fields of the model."""
    return [field for field in model._meta.concrete_fields if isinstance(field, EncryptedField)]
