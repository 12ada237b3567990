"""What `manage.py check` says about the contracts and the settings."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from events.append_only import missing_triggers
from schemas.registry import registry


@register()
def contracts_load(**_: Any) -> list[CheckMessage]:
    """events.E001: the schema folder must load, whole."""
    try:
        registry()
    except Exception as error:  # any fault in a schema file is the finding
        return [Error(f"The contracts do not load: {error}", hint="Run `manage.py schemas list`.", id="events.E001")]
    return []


@register(deploy=True)
def broker_is_separate(**_: Any) -> list[CheckMessage]:
    """events.W001: the embedded broker is for one machine."""
    if settings.EMBEDDED_BROKER:
        return [Warning("The broker is embedded.", hint="Set REDIS_URL to a server of its own.", id="events.W001")]
    return []


@register()
def batch_is_sane(**_: Any) -> list[CheckMessage]:
    """events.E002: a batch has at least one entry and at most what a statement can bind."""
    if not 1 <= settings.BATCH_SIZE <= 1000:
        return [Error("BATCH_SIZE must be from 1 to 1000.", hint="200 is a good value.", id="events.E002")]
    return []


@register(Tags.database)
def records_are_protected(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """events.W002: the triggers that refuse to change or delete records are there, for each table that is there."""
    hint = "Run `manage.py migrate`, which makes them, and find out who dropped them."
    missing = [name for alias in databases or () for name in missing_triggers(alias)]
    if missing:
        return [Warning(f"Records can be changed: no trigger {', '.join(missing)}.", hint=hint, id="events.W002")]
    return []
