"""Small signs in the broker: which processes live, whether somebody watches, whether the broker is the one it was."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings

from events.streams import client

# A sign of life lasts for this many times RELAY_GRACE_SECONDS: longer than any step of a living process.
SIGN_OF_LIFE_GRACES = 3


def show_life(name: str) -> None:
    """Show that this process lives; the sign lasts for SIGN_OF_LIFE_GRACES times RELAY_GRACE_SECONDS."""
    client().set(life_key(name), 1, px=int(SIGN_OF_LIFE_GRACES * settings.RELAY_GRACE_SECONDS * 1000))


def living(names: Iterable[str]) -> set[str]:
    """Return those of the processes that have shown a sign of life."""
    asked = sorted(names)
    signs = client().mget([life_key(name) for name in asked]) if asked else []
    return {name for name, sign in zip(asked, signs, strict=True) if sign}


def life_key(name: str) -> str:
    """Return the key of the process's sign of life."""
    return f"{settings.NAMESPACE}:alive:{name}"


def show_watching(*, seconds: float) -> None:
    """Show that somebody watches the log live; the sign lasts for `seconds`."""
    client().set(f"{settings.NAMESPACE}:watched", 1, px=int(seconds * 1000))


def is_watched() -> bool:
    """Return True if somebody watches the log live."""
    return bool(client().exists(f"{settings.NAMESPACE}:watched"))


def signs_of_the_broker() -> tuple[str, int]:
    """Return the run id of the broker, and a counter in it that this call raises by one.

    A broker that has lost its data, or has an older state of it, shows a lower count than before.
    """
    return str(client().info("server")["run_id"]), int(client().incr(f"{settings.NAMESPACE}:epoch"))


def broker_now() -> datetime:
    """Return the time by the broker's clock."""
    seconds, microseconds = client().time()
    return datetime.fromtimestamp(seconds + microseconds / 1e6, UTC)
