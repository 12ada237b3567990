"""What every process of the system imports, imported once: processes forked from here start in milliseconds.

The contracts are loaded here too, and all of it is kept from the search for garbage, which would copy its memory.
"""
# ruff: noqa: E402, F401

import gc

gc.disable()

import django
import django.db.models.sql.compiler
import pytest

django.setup()

import console.management.commands.answer
import runtime.management.commands.consume
import runtime.management.commands.deliver
import runtime.management.commands.relay
import runtime.management.commands.work
import schemas.reference
import workers.consumers
from schemas.registry import registry
from tests import processes, slow_agents

registry()
gc.freeze()
gc.enable()
