"""What every process of the system imports, imported once: processes forked from here start in milliseconds."""
# ruff: noqa: E402, F401

import django
import pytest

django.setup()

import console.management.commands.answer
import runtime.management.commands.consume
import runtime.management.commands.deliver
import runtime.management.commands.relay
import runtime.management.commands.work
from tests import processes, slow_agents
