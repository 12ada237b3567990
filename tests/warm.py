"""What every process of the system imports, imported once: processes forked from here start in milliseconds."""
# ruff: noqa: E402, F401

import django
import pytest

django.setup()

import processes
import slow_agents

import clarifications.management.commands.answer
import config.management.commands.consume
import config.management.commands.deliver
import config.management.commands.relay
import config.management.commands.work
