"""Data keys: which one encrypts now, and how a value is sealed and opened with one.

A sealed value is the text `v1:KEY:BYTES`: the id of its data key, then nonce and ciphertext in base64. Nonces are
random: a data key is good for 2^32 values (NIST SP 800-38D, 8.3), and `rotate-keys` makes another one.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from encryption.cipher import KEY_BYTES, decrypted, encrypted
from encryption.errors import CannotOpen, KeyMissing
from encryption.models import DataKey
from encryption.wrapping import key_wrapper

VERSION = "v1"


class Sealed(str):
    """An encrypted value as it is stored."""

    __slots__ = ()


@dataclass(frozen=True)
class OpenKey:
    """A data key in the clear, in the memory of this process alone."""

    id: UUID
    key: bytes

    def seal(self, value: bytes, place: str) -> Sealed:
        """Return the value encrypted for this place: table, column and row in one text."""
        sealed = encrypted(self.key, value, place.encode())
        return Sealed(beginning(self.id) + base64.b64encode(sealed).decode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return the value that was encrypted for this place. Raises CannotOpen."""
        try:
            return decrypted(self.key, sealed, place.encode())
        except CannotOpen:
            raise CannotOpen(
                f"What is stored at {place} was not encrypted for this place: it was changed, or copied from another"
                " row. Restore the row from a backup, or give it a new value."
            ) from None


def beginning(key_id: UUID) -> str:
    """Return how each value begins that is encrypted with this data key."""
    return f"{VERSION}:{key_id.hex}:"


def open_sealed(sealed: str, place: str) -> bytes:
    """Return the value that was sealed for this place. Raises KeyMissing or CannotOpen."""
    version, _, rest = sealed.partition(":")
    key_id, _, text = rest.partition(":")
    try:
        packed, key_number = base64.b64decode(text, validate=True), UUID(hex=key_id)
    except (ValueError, binascii.Error):
        version = ""
    if version != VERSION:
        raise CannotOpen(f"What is stored at {place} is no encrypted value of this version.")
    return open_key(key_number).open(packed, place)


def current_key() -> OpenKey:
    """Return the data key that encrypts now; the first call makes one.

    It is asked for each time and not remembered: the transaction that made it may have been rolled back.
    """
    row = keys_newest_first().first()
    return opened(row) if row else opened(new_data_key(rotated_at=Now()))


def keys_newest_first() -> models.QuerySet[DataKey]:
    """Return the data keys, the one that encrypts first."""
    return DataKey.objects.order_by("-made_at", "-pk")


def new_data_key(*, rotated_at: Now | None) -> DataKey:
    """Make a data key, which encrypts from now on; `rotated_at` is empty while older values remain."""
    key_id, wrapped = key_wrapper().wrap(os.urandom(KEY_BYTES))
    return DataKey.objects.create(wrapped=wrapped, wrapped_by=key_id, rotated_at=rotated_at)


def open_key(key_id: UUID) -> OpenKey:
    """Return the data key of this id. Raises KeyMissing."""
    row = DataKey.objects.filter(pk=key_id).first()
    if row is None:
        raise KeyMissing(f"The data key {key_id.hex} is not in the database: restore it from a backup.")
    return opened(row)


def opened(row: DataKey) -> OpenKey:
    """Return the data key of the row in the clear. Raises KeyMissing or CannotOpen."""
    return OpenKey(row.pk, unwrapped(row.wrapped_by, bytes(row.wrapped)))


@cache
def unwrapped(wrapped_by: str, wrapped: bytes) -> bytes:
    """Return the data key; a key management service is asked once a process. Raises KeyMissing or CannotOpen."""
    return key_wrapper().unwrap(wrapped_by, wrapped)
