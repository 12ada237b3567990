"""Looks whether servers beyond database and broker can be reached from here: docs/deploy.md tells the ways out."""

import socket
from collections.abc import Iterator

from django.conf import settings
from urllib3.util import parse_url

from console.doctor.lines import LOOK, OK, Line
from health.watch import one_line
from webhooks.addresses import host_of, port_of

# Seven servers at most, so that even where none answers the doctor ends in time.
CONNECT_SECONDS = 1.5


def ways() -> Iterator[Line]:
    """Yield for each server that the settings name whether it takes a connection from here; nothing is sent to it."""
    for about, url, processes in servers():
        parsed = parse_url(url)
        host, port = host_of(parsed), port_of(parsed)
        try:
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
        except (OSError, UnicodeError) as error:
            words = f"{host}:{port} cannot be reached from here: {one_line(error)}."
            yield Line(about, LOOK, words, f"Open the way out of {processes}, where that runs; or correct the address.")
        else:
            yield Line(about, OK, f"{host}:{port} can be reached.")


def servers() -> Iterator[tuple[str, str, str]]:
    """Yield (what it is, its address, the processes that call it) of each server, once."""
    if sso := settings.SIGN_IN.sso:
        yield "Single sign-on", sso.issuer, "web"
    if slack := settings.CHAT.slack:
        yield "Slack", slack.api, "web and notify"
    if settings.CHAT.teams_url:
        yield "Teams", settings.CHAT.teams_url, "notify"
    for url in dict.fromkeys(model.url for model in settings.MODELS.order):
        yield "Language model", url, "the worker of summary_worker"
