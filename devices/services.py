"""Subscribing a person's browser, and ending that."""

from hashlib import sha256
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from devices.models import LONGEST_NAME, Device
from webhooks.errors import InvalidUrl

LONGEST_ENDPOINT = 1000
# Of one person; the oldest make room.
MOST_DEVICES = 10


def subscribe(user: User, *, endpoint: str, name: str) -> Device:
    """Tell the person on this browser from now on, and nobody else on it. Raises InvalidUrl.

    A browser has one address, so the last person who subscribed in it is the one who is told.
    """
    if urlsplit(endpoint).scheme != "https" or len(endpoint) > LONGEST_ENDPOINT:
        raise InvalidUrl(_("The browser named no address to which a notice can be sent."))
    values = {"owner": user, "endpoint": endpoint, "name": name[:LONGEST_NAME]}
    digest = sha256(endpoint.encode()).hexdigest()
    with transaction.atomic():
        device, _made = Device.objects.update_or_create(digest=digest, defaults=values)
        kept = Device.objects.filter(owner=user).values_list("pk", flat=True)[:MOST_DEVICES]
        Device.objects.filter(owner=user).exclude(pk__in=list(kept)).delete()
    return device


def unsubscribe(user: User, device_id: int) -> bool:
    """Tell the person on this device no more. Return False if it is not theirs."""
    return Device.objects.filter(owner=user, pk=device_id).delete()[0] > 0
