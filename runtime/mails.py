"""The loop that sends mails, of questions and with links to a new password, posts to chats, and tells devices."""

import logging
import threading

from django.conf import settings
from django.db import close_old_connections

from accounts.passwords.letters import send_due_letters
from chat.posting import post_due_questions
from clarifications.mails.notices import send_due_notices
from devices.telling import tell_due_devices
from environment import heartbeat
from events.isolation import DATABASE_AWAY
from runtime.background import Background

logger = logging.getLogger(__name__)

# How long the loop waits after a turn that sent nothing.
REST_SECONDS = 1.0


def notify_until(stopping: threading.Event) -> None:
    """Send what is due until `stopping` is set.

    Devices are told on a thread of their own: whoever subscribes one names its push service, and mails do not wait for
    a slow one.
    """
    with Background({"devices": tell_devices_until} if settings.PUSH else {}):
        send_mails_until(stopping)


def tell_devices_until(stopping: threading.Event) -> None:
    """Tell devices in a loop until `stopping` is set."""
    while not stopping.is_set():
        told = tell_due_devices(stopping)
        close_old_connections()
        if not told:
            stopping.wait(REST_SECONDS)


def send_mails_until(stopping: threading.Event) -> None:
    """Send mails and post to chats until `stopping` is set; while the database is away, wait and try again."""
    while not stopping.is_set():
        heartbeat.turn("notify")
        try:
            sent = send_due_mails()
        except DATABASE_AWAY as error:
            logger.warning("The mails wait: %s", error)
            sent = 0
        close_old_connections()
        if not sent:
            stopping.wait(REST_SECONDS)
    heartbeat.end("notify")


def send_due_mails() -> int:
    """Send what is due, mails that a person waits for first. Return how many were sent, posted or settled."""
    return send_due_letters() + send_due_notices() + post_due_questions()
