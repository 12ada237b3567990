"""The requester's pages."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """What a requester sees: their requests, what is asked, what came of it."""

    name = "portal"
