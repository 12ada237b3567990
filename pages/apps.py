"""The pages room holds what all pages share: admin base classes, words for states, template tags, static files."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "pages"
