"""Makes and revokes the keys of producers. A new private key is shown once and stored nowhere."""

from collections.abc import Collection
from datetime import timedelta

from django.utils.translation import gettext as _

from events import signatures
from events.clock import database_now
from events.errors import EventError
from events.models import Producer
from schemas.registry import registry


class UnacceptableProducer(EventError):
    """What was given for a producer cannot be accepted; the message says what to change."""


def types_that_come_in() -> list[str]:
    """Return the event types that other programs may say, in alphabetical order."""
    contracts = registry()
    return sorted(kind for kind in contracts.event_types() if contracts.direction(kind) != "out")


def make_producer(
    *, name: str, types: Collection[str], agents: Collection[str], by: str, days: int = 0, public_key: str = ""
) -> tuple[Producer, str]:
    """Make a producer and return it with its new private key in base64, which is empty where `public_key` is given.

    `days` is the key's lifetime, 0 for no end. Raises UnacceptableProducer.
    """
    require_types(types)
    private, public = ("", acceptable_key(public_key)) if public_key else signatures.new_key()
    now = database_now()
    producer = Producer.objects.create(
        name=name,
        kid=signatures.key_id(public),
        public_key=public,
        types=sorted(set(types)),
        agents=sorted(set(agents)),
        made_by=by,
        made_at=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    return producer, private


def acceptable_key(text: str) -> str:
    """Return the public key in this text in base64. Raises UnacceptableProducer for one that is none or is known."""
    try:
        public = signatures.read_public_key(text)
    except signatures.NoPublicKey as error:
        words = _("This is no public key: paste an Ed25519 key, as PEM or as its 32 bytes in base64. %(error)s")
        raise UnacceptableProducer(words % {"error": error}) from error
    if Producer.objects.filter(kid=signatures.key_id(public)).exists():
        raise UnacceptableProducer(_("A producer with this key was added before: make a new key."))
    return public


def require_types(types: Collection[str]) -> None:
    """Raise UnacceptableProducer unless these are types that come in, and at least one."""
    known = types_that_come_in()
    if not types:
        raise UnacceptableProducer(_("Name at least one event type: %(types)s.") % {"types": ", ".join(known)})
    if unknown := sorted(set(types) - set(known)):
        values = {"unknown": ", ".join(unknown), "types": ", ".join(known)}
        raise UnacceptableProducer(_("No producer may say %(unknown)s. The types that come in: %(types)s.") % values)


def revoke_producer(producer: Producer) -> bool:
    """Revoke the key: what it signed and has had no effect yet is refused from now on. False if it was before."""
    return bool(Producer.objects.filter(pk=producer.pk, revoked_at=None).update(revoked_at=database_now()))
