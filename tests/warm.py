"""What every process of the system imports, imported once: processes forked from here start in milliseconds."""

import django

django.setup()

import config.management.commands.consume  # noqa: E402
import config.management.commands.relay  # noqa: E402
import config.management.commands.work  # noqa: E402, F401
