"""API keys for machines: shown once, stored as a digest, limited by their scopes and their lifetime."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import printable_text
from accounts.key_lookup import find_key
from accounts.mails import mail_key_made
from accounts.models import ApiKey, User
from accounts.rank import require_may_make_keys, require_no_rights_beyond
from accounts.scopes import require_known_scopes

PREFIX_LENGTH = 8
SECRET_BYTES = 32
# How often the last use is stored: more often would cost a write for each request.
STORE_USE_EVERY = timedelta(minutes=1)
# How long a rotated key still works, so that there is time to give its successor to a running client.
ROTATION_OVERLAP = timedelta(hours=24)
# Signal: a key was rotated. Arguments: `old` and `new`; sent in the transaction of the rotation.
key_rotated = Signal()


class NoSuchKey(Exception):
    """The text is not a key, or the key is revoked or has expired."""


def make_key(
    user: User, *, name: str, scopes: Collection[str], lifetime: timedelta | None, by: User | None = None
) -> tuple[ApiKey, str]:
    """Make a key for the user and return (key, text); the text is not stored, so it can be shown only now.

    `by` is the person who makes the key; None is the operator at the command line, who may do everything. If it is
    not the user, the user is notified by mail. Raises ValueError for an unknown scope, and AccountHasMoreRights if
    `by` may not.
    """
    if by is not None:
        require_may_make_keys(by, user)
    require_known_scopes(scopes)
    prefix = secrets.token_hex(PREFIX_LENGTH // 2)
    text = f"ilk_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    key = ApiKey.objects.create(
        user=user,
        name=printable_text(name),
        prefix=prefix,
        digest=key_digest(text),
        scopes=sorted(set(scopes)),
        expires_at=timezone.now() + lifetime if lifetime else None,
    )
    if by != user:
        mail_key_made(user, name)
    return key, text


@transaction.atomic
def rotate_key(key: ApiKey, *, at_once: bool = False, by: User | None = None) -> tuple[ApiKey, str]:
    """Make a successor with the same name, scopes and lifetime, and return (key, text).

    The old key works for ROTATION_OVERLAP more, or not at all with `at_once`. Raises NoSuchKey or AccountHasMoreRights.
    """
    if not key.is_live:
        raise NoSuchKey(_("The key %(prefix)s is revoked or expired: make a new one.") % {"prefix": key.prefix})
    lifetime = key.expires_at - key.created_at if key.expires_at else None
    made = make_key(key.user, name=key.name, scopes=key.scopes, lifetime=lifetime, by=by)
    end = timezone.now() + (timedelta() if at_once else ROTATION_OVERLAP)
    key.expires_at = min(filter(None, (key.expires_at, end)))
    key.successor = made[0]
    key.save(update_fields=["expires_at"])
    key_rotated.send(ApiKey, old=key, new=made[0])
    return made


def revoke_key(key: ApiKey, *, by: User | None = None) -> None:
    """Revoke the key: it stops working at once. Raises AccountHasMoreRights if its account has more than `by`."""
    if by is not None:
        require_no_rights_beyond(by, key.user)
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())


def revoke_keys_of(account: User) -> int:
    """Revoke every key of the account that still works, and return how many there were."""
    return ApiKey.objects.live().filter(user=account).update(revoked_at=timezone.now())


def user_of_key(text: str) -> User:
    """Return the active user of the live key with this text; the key is in `user.key`. Raises NoSuchKey.

    The key is found by its digest, so the time of the comparison does not show how much of a guessed key is right.
    """
    key = find_key(key_digest(text))
    if key is None or not key.is_live or not key.user.is_active:
        raise NoSuchKey(_("The API key is unknown, revoked or expired: make a new one, or ask for one."))
    store_last_use(key)
    key.user.key = key
    return key.user


def store_last_use(key: ApiKey) -> None:
    """Store the time of the last use of the key, at most once a minute."""
    now = timezone.now()
    outdated = Q(last_used_at=None) | Q(last_used_at__lt=now - STORE_USE_EVERY)
    if key.last_used_at is None or key.last_used_at < now - STORE_USE_EVERY:
        ApiKey.objects.filter(outdated, pk=key.pk).update(last_used_at=now)


def key_digest(text: str) -> str:
    """Return the SHA-256 of the text in hex. A slow hash is not needed: the text has 256 random bits."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
