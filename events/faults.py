"""Named fault points at the boundaries between steps; dead unless a test's settings wake them.

`FAULT_POINTS = {"consume.after_commit": "kill:3"}` kills the process (SIGKILL) the third time it gets there;
`raise:1` raises `InjectedFault` there the first time.
"""

import os
import signal
from collections import Counter

from django.conf import settings

reached: Counter[str] = Counter()


class InjectedFault(Exception):
    """Raised by an armed fault point."""


def fault_point(name: str) -> None:
    """Do nothing, unless the settings arm this point."""
    if armed := settings.FAULT_POINTS.get(name):
        trip(name, armed)


def trip(name: str, armed: str) -> None:
    """Kill the process or raise, once this point has been reached as often as `armed` says."""
    action, _, at = armed.partition(":")
    reached[name] += 1
    if reached[name] != int(at or 1):
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise InjectedFault(name)
