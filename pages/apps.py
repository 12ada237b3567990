"""What every page shares: parts of the admin, words for states, template tags and static files."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "pages"
