"""Key-encryption keys: what seals the data keys. The place for a key management service (KMS).

ENCRYPTION_KEY_WRAPPER names the class, which is made without arguments; by default it is LocalKeys. A class of your own
that asks a KMS needs the two methods of KeyWrapper. They are called once a data key and process, not once a value.
"""

from abc import ABC, abstractmethod
from hashlib import sha256
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from encryption.cipher import decrypted, encrypted
from encryption.errors import CannotOpen, KeyMissing

PURPOSE = b"interlock data key"


class KeyWrapper(ABC):
    """Seals and opens data keys of 32 bytes with a key-encryption key that never leaves its place."""

    @abstractmethod
    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        """Return (id of the key-encryption key that is current, the data key sealed with it).

        The id has at most 200 characters and is stored beside the data key.
        """

    @abstractmethod
    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """Return the data key that `wrap` has sealed with the key of this id, current or older.

        Raises KeyMissing if that key is not there, and CannotOpen if it did not seal these bytes.
        """


class LocalKeys(KeyWrapper):
    """The keys of ENCRYPTION_KEY, or else of a file in DATA_DIR: the first one seals, all of them open."""

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        """Return the data key sealed with the first key; the file is made if there is none yet."""
        key = settings.ENCRYPTION_KEYS(make=True)[0]
        return key_id_of(key), encrypted(key, data_key, PURPOSE)

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """Return the data key. Raises KeyMissing or CannotOpen."""
        keys = {key_id_of(key): key for key in settings.ENCRYPTION_KEYS(make=False)}
        if key_id not in keys:
            raise KeyMissing(
                f"Stored secrets are sealed with the key {key_id}, and there is {in_words(list(keys))}. Add that key to"
                " the file that ENCRYPTION_KEY_FILE names (by default encryption_key in DATA_DIR), in a line below the"
                " first one, and restart."
            )
        try:
            return decrypted(keys[key_id], wrapped, PURPOSE)
        except CannotOpen:
            raise CannotOpen(f"A data key that names the key {key_id} was not sealed with it.") from None


def key_id_of(key: bytes) -> str:
    """Return the id of a key-encryption key: of its digest eight hexadecimal digits, from which nobody gets the key."""
    return sha256(b"interlock key id" + key).hexdigest()[:8]


def in_words(key_ids: list[str]) -> str:
    """Return which keys there are."""
    return f"only {', '.join(key_ids)}" if key_ids else "none"


def key_wrapper() -> KeyWrapper:
    """Return the wrapper that ENCRYPTION_KEY_WRAPPER names."""
    return cast(KeyWrapper, import_string(settings.ENCRYPTION_KEY_WRAPPER)())
