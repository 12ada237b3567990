"""Keys for machines: shown once, kept as a digest, limited to what their scopes name, and to a time."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.mails import tell_of_key
from accounts.models import ApiKey, User
from accounts.rank import require_keyed_by, require_not_above
from accounts.scopes import require_known

PREFIX_LENGTH = 8
SECRET_BYTES = 32
# Writing down the last use more often would cost a write a request.
USE_NOTED_EVERY = timedelta(minutes=1)
# What was replaced goes on for this long, so that a running client can be given its successor.
ROTATION_OVERLAP = timedelta(hours=24)
# Sent with `old` and `new`, in the same transaction.
rotated = Signal()


class NoSuchKey(Exception):
    """The text is no key, or one that was revoked or has expired."""


def make(
    user: User, *, name: str, scopes: Collection[str], lifetime: timedelta | None, by: User | None = None
) -> tuple[ApiKey, str]:
    """A new key of this user, and its text, which is shown this once.

    `by` is the person who makes it; without one it is the operator at the shell, who is above all. Whoever gets a key
    from somebody else is told by mail. Raises ValueError for an unknown scope, AccountAbove where `by` may not.
    """
    if by is not None:
        require_keyed_by(by, user)
    require_known(scopes)
    prefix = secrets.token_hex(PREFIX_LENGTH // 2)
    text = f"ilk_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        digest=digest(text),
        scopes=sorted(set(scopes)),
        expires_at=timezone.now() + lifetime if lifetime else None,
    )
    if by != user:
        tell_of_key(user, name)
    return key, text


@transaction.atomic
def rotate(key: ApiKey, *, at_once: bool = False, by: User | None = None) -> tuple[ApiKey, str]:
    """A successor with the same name, scopes and lifetime; the old key goes on for a day unless `at_once`.

    Raises NoSuchKey, and AccountAbove as `make`.
    """
    if not key.is_live:
        raise NoSuchKey(_("The key %(prefix)s is revoked or expired: make a new one.") % {"prefix": key.prefix})
    lifetime = key.expires_at - key.created_at if key.expires_at else None
    made = make(key.user, name=key.name, scopes=key.scopes, lifetime=lifetime, by=by)
    end = timezone.now() + (timedelta() if at_once else ROTATION_OVERLAP)
    key.expires_at = min(filter(None, (key.expires_at, end)))
    key.successor = made[0]
    key.save(update_fields=["expires_at"])
    rotated.send(ApiKey, old=key, new=made[0])
    return made


def revoke(key: ApiKey, *, by: User | None = None) -> None:
    """The key opens nothing any more. Raises AccountAbove where it is of an account above `by`."""
    if by is not None:
        require_not_above(by, key.user)
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())


def owner_of(text: str) -> User:
    """The active user whose live key this is; the user has `key`. Raises NoSuchKey.

    The digest is what is looked up, so no comparison tells by its time how much of a guess was right.
    """
    key = ApiKey.objects.live().filter(digest=digest(text)).select_related("user").first()
    if key is None or not key.user.is_active:
        raise NoSuchKey(_("The API key is unknown, revoked or expired: make a new one, or ask for one."))
    note_use(key)
    key.user.key = key
    return key.user


def note_use(key: ApiKey) -> None:
    """Write down when the key was used last, to the minute."""
    now = timezone.now()
    unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    if key.last_used_at is None or key.last_used_at < now - USE_NOTED_EVERY:
        ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)


def digest(text: str) -> str:
    """SHA-256 in hex: the text has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
