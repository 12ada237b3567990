"""Wakes the devices of the people for whom a question waits, in the order of the ledger.

Who is told is decided where mails decide it. The position moves on after the devices were told; a crash between the two
tells them once more, in the place of the first notice. A device that cannot be reached is left out: mails are what is
tried again, and each reminder is a notice of its own.
"""

import logging
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django_redis.exceptions import ConnectionInterrupted

from clarifications.mails.notices import MOST_SKIPPED, NOTIFIED_EVENTS, open_question_of, people_to_tell, position_of
from clarifications.models import LedgerPosition
from devices.models import Device
from devices.push import wake
from environment.push import PushSettings
from events.broker import BROKER_ERRORS
from events.clock import database_now
from events.horizon import final_seq
from events.models import Event
from webhooks.errors import RefusedAddress
from webhooks.network import TRANSPORT_ERRORS

logger = logging.getLogger(__name__)

READER = "devices"
HAS_DEVICE = Q(devices__isnull=False)
# One process tells at a time, for so long at most; the devices of an event that are not told within the first are left.
TURN, TURN_SECONDS, LONGEST_SECONDS = "devices:turn", 120, 90.0
# Nobody is told about what is older: the process was off, or the key was set later.
GIVE_UP_AFTER = timedelta(hours=24)
ENDED = (404, 410)


def tell_due_devices(stopping: threading.Event | None = None) -> int:
    """Tell about the next event until `stopping` is set; return how many were told, 0 while the cache is away."""
    try:
        if not settings.PUSH or not cache.add(TURN, 1, timeout=TURN_SECONDS):
            return 0
        told = tell_next(settings.PUSH, stopping or threading.Event())
        cache.delete(TURN)
        return told
    except (ConnectionInterrupted, *BROKER_ERRORS):
        return 0


def tell_next(push: PushSettings, stopping: threading.Event) -> int:
    """Tell about the next event, and move the position. Return how many devices were told."""
    position, final = position_of(READER), final_seq()
    unread = Event.objects.filter(type__in=NOTIFIED_EVENTS, seq__gt=position, seq__lte=final)
    event = unread.order_by("seq").first()
    told = tell(push, event, stopping) if event else 0
    if event or final - position >= MOST_SKIPPED:
        LedgerPosition.objects.filter(reader=READER, seq=position).update(seq=event.seq if event else final)
    return told


def tell(push: PushSettings, event: Event, stopping: threading.Event) -> int:
    """Wake the devices of those for whom the event's question waits. Return how many were told.

    Browsers name their push services, and so may anybody: a person of whose devices one was not reached costs one wait.
    """
    question = open_question_of(event)
    if question is None or database_now() - event.recorded_at >= GIVE_UP_AFTER:
        return 0
    people = people_to_tell(question, event, by=HAS_DEVICE)
    until, told, unreached = time.monotonic() + LONGEST_SECONDS, 0, set[int]()
    for device in Device.objects.filter(owner__in=people).order_by("pk"):
        if stopping.is_set() or time.monotonic() >= until:
            break
        if device.owner_id in unreached:
            continue
        status = status_of(push, device, topic=str(question.pk))
        if status is None:
            unreached.add(device.owner_id)
        elif status in ENDED:
            device.delete()
        else:
            told += 200 <= status < 300
    return told


def status_of(push: PushSettings, device: Device, *, topic: str) -> int | None:
    """Wake the device and return the status of its push service; None if it was not reached."""
    try:
        return wake(push, device, topic=topic)
    except (RefusedAddress, *TRANSPORT_ERRORS) as error:
        # The address is the person's, and in no log.
        logger.warning("Device %s was not told: %s", device.pk, type(error).__name__)
        return None
