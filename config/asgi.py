"""The ASGI application: HTTP and web sockets for people, channels for the stream consumers."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from runtime.routing import build_application as build  # noqa: E402  (models load only after Django is set up)

application = build()
