"""System checks of contracts, settings and record tables, for `manage.py check`."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from events.append_only import missing_triggers
from schemas.registry import registry


@register("settings")
def contracts_load(**_: Any) -> list[CheckMessage]:
    """events.E001: every file of the schema folder can be loaded."""
    try:
        registry()
    except Exception as error:  # any fault in a schema file is the finding
        return [Error(f"The contracts do not load: {error}", hint="Correct the named schema file.", id="events.E001")]
    return []


@register(deploy=True)
def broker_is_separate(**_: Any) -> list[CheckMessage]:
    """events.W001: in a deployment the broker is a server of its own."""
    if settings.EMBEDDED_BROKER:
        return [
            Warning(
                "The embedded broker serves this machine only.",
                hint="Set REDIS_URL to a broker of its own.",
                id="events.W001",
            )
        ]
    return []


@register("settings")
def batch_is_sane(**_: Any) -> list[CheckMessage]:
    """events.E002: BATCH_SIZE is at least one entry and at most what one SQL statement can bind."""
    if not 1 <= settings.BATCH_SIZE <= 1000:
        return [Error("BATCH_SIZE must be from 1 to 1000.", hint="Set it to 200, or remove it.", id="events.E002")]
    return []


@register("settings")
def traces_can_be_sent(**_: Any) -> list[CheckMessage]:
    """events.E003: what sends traces is installed where they go to a collector."""
    if settings.TRACES_ENDPOINT and find_spec("opentelemetry") is None:
        words = "OTEL_EXPORTER_OTLP_ENDPOINT is set, and the packages that send traces are missing."
        return [Error(words, hint="Install the extra: pip install 'interlock[otel]'.", id="events.E003")]
    return []


@register(Tags.database)
def records_are_protected(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """events.W002: every record table that exists has its triggers, which refuse changes and deletes."""
    hint = f"Run `{settings.COMMAND} migrate`, which creates them, and find out who dropped them."
    missing = [name for alias in databases or () for name in missing_triggers(alias)]
    if missing:
        return [
            Warning(
                f"Records can be changed or deleted: triggers are missing: {', '.join(missing)}.",
                hint=hint,
                id="events.W002",
            )
        ]
    return []
