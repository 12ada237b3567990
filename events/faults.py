"""Fault points: named places between two steps at which tests make the process fail. Off unless settings arm them.

`FAULT_POINTS = {"consume.after_commit": "kill:3"}` kills the process (SIGKILL) when it reaches the point for the third
time; `raise:1` raises `InjectedFault` the first time.
"""

import os
import signal
from collections import Counter

from django.conf import settings

reached: Counter[str] = Counter()


class InjectedFault(Exception):
    """Raised by an armed fault point."""


def fault_point(name: str) -> None:
    """Do nothing unless the settings arm this point."""
    if armed := settings.FAULT_POINTS.get(name):
        trip(name, armed)


def trip(name: str, armed: str) -> None:
    """Kill the process or raise InjectedFault once the point was reached as often as `armed` says."""
    action, _, at = armed.partition(":")
    reached[name] += 1
    if reached[name] != int(at or 1):
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise InjectedFault(name)
