"""The portal: the pages of people who send requests."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The app of the requester's pages: own requests, questions, and reports."""

    name = "portal"
