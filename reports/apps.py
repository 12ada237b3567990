"""The reports room turns deliverables into what people read: the page, files in several formats, shared links."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """The app of reports: its only table is that of the shared links."""

    name = "reports"
