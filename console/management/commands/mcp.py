"""Serve agents over standard input and output."""

import asyncio
import os
from argparse import ArgumentParser
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.management import BaseCommand, CommandError

from config.version import current_version

KEY_VARIABLE = "INTERLOCK_KEY"


class Command(BaseCommand):
    help = (
        "Serve an agent over standard input and output, as a server of the Model Context Protocol. It calls the "
        f"Interlock at --address with the API key in the variable {KEY_VARIABLE}."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--address", default="http://127.0.0.1:8000", help="where Interlock runs (%(default)s)")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        if find_spec("mcp") is None:
            raise CommandError("This needs one more package: pip install 'interlock[mcp]'")
        key = os.environ.get(KEY_VARIABLE, "")
        if not key:
            raise CommandError(f"Put an API key into the variable {KEY_VARIABLE}; `apikey make` makes one.")
        if not address.startswith(("http://", "https://")):
            raise CommandError("--address begins with http:// or https://.")
        asyncio.run(import_module("mcp_server.over_stdio").serve(address, key, current_version()))
