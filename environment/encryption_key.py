"""The key-encryption keys: those of ENCRYPTION_KEY, or else of a file of this machine, which is made when needed."""

import base64
import binascii
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from environment.once import write_once
from environment.variables import Environment, Kind

KEY_BYTES = 32
Keys = tuple[bytes, ...]


def keys_of(text: str) -> Keys:
    """Return the keys of the text, separated by line breaks, spaces or commas. Raises ValueError."""
    keys = tuple(key_of(word) for word in text.replace(",", " ").split())
    if not keys:
        raise ValueError("no key")
    return keys


def key_of(word: str) -> bytes:
    """Return the key of 32 bytes that is written in base64 or in hexadecimal digits. Raises ValueError."""
    try:
        key = bytes.fromhex(word) if len(word) == 2 * KEY_BYTES else base64.b64decode(word, validate=True)
    except binascii.Error as error:
        raise ValueError(word) from error
    if len(key) != KEY_BYTES:
        raise ValueError(word)
    return key


KEYS = Kind(keys_of, "keys of 32 bytes in base64, as `openssl rand -base64 32` prints them, the current one first")


def encryption_keys(env: Environment, data_dir: Path) -> Callable[..., Keys]:
    """Return a function that returns the keys; `make=True` makes the file if there is none. Raises InvalidVariable."""
    given = env.read("ENCRYPTION_KEY", KEYS, Keys())
    return (lambda make=False: given) if given else partial(local_keys, data_dir / "encryption_key")


def local_keys(path: Path, *, make: bool = False) -> Keys:
    """Return the keys of this machine's file; without a file none, or with `make` a new one.

    Raises InvalidVariable where the new file cannot be written.
    """
    if make and not path.exists():
        write_once(path, base64.b64encode(os.urandom(KEY_BYTES)).decode() + "\n", instead="ENCRYPTION_KEY")
    return keys_of(path.read_text()) if path.exists() else ()
