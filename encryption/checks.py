"""System checks of the keys, for `manage.py check --database default`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from encryption.data_keys import keys_newest_first, opened
from encryption.errors import EncryptionError
from encryption.models import DataKey
from encryption.wrapping import key_wrapper


@register("settings")
def wrapper_can_be_loaded(**_: Any) -> list[CheckMessage]:
    """encryption.E001: the class that seals the data keys is there."""
    try:
        key_wrapper()
    except Exception as error:  # any fault of a class that others write is the finding
        words = f"ENCRYPTION_KEY_WRAPPER is {settings.ENCRYPTION_KEY_WRAPPER!r}, which cannot be used: {error}"
        hint = "Name a class without arguments, as package.module.Class, or leave it out."
        return [Error(words, hint=hint, id="encryption.E001")]
    return []


@register(Tags.database)
def keys_can_be_opened(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """encryption.E002: every data key can be opened with the key-encryption keys that are there."""
    table = DataKey._meta.db_table
    if not databases or table not in connections["default"].introspection.table_names():
        return []
    try:
        for row in keys_newest_first():
            opened(row)
    except EncryptionError as error:
        return [Error(str(error), hint="See docs/data-protection.md.", id="encryption.E002")]
    return []
