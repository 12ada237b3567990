"""Sends mails, of questions and with links to a new password, posts questions to chats, and tells devices."""

import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from devices.telling import tell_due_devices
from runtime.commands import ServerCommand
from runtime.mails import notify_until, send_due_mails
from runtime.supervisor import stop_on_signals


class Command(ServerCommand):
    roles = ("notify",)
    help = "Send mails about questions and with links to a new password; post questions to chats; tell devices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then exit")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if not (settings.SENDS_MAIL or settings.CHAT.is_on or settings.PUSH):
            words = "Nothing to send: set EMAIL_URL, a chat or PUSH_PRIVATE_KEY (see .env.example)."
            raise CommandError(words)
        if once:
            self.stdout.write(f"{send_due_mails() + tell_due_devices()} sent")
            return
        self.begin("Notifying")
        stop = threading.Event()
        stop_on_signals(stop)
        notify_until(stop)
