"""Agents that behave badly, each in one way; what it is to do comes in the request's text, as JSON.

Imported by name, as an agent of somebody's own is: child processes find them by their module.
"""

import json
import os
import re
import time
from pathlib import Path

from workers.contract import AgentInput, Result, agent


class SlowInput(AgentInput):
    """`request_text` is {"log": a file to note each run in, "seconds": how long, "how": what to do}."""


@agent("slow_worker")
def take_long(work: SlowInput) -> Result:
    """Note that it began, behave as told, and note that it ended."""
    told = json.loads(work.request_text)
    note(told, "began")
    ways = {"sleep": sleep, "meet": meet, "hold": hold_the_lock, "exit": leave, "eat": eat, "segfault": segfault}
    ways[told["how"]](told)
    note(told, "ended")
    return Result({}, {"by": os.getpid()} if told.get("differs") else {})


@agent("hasty_worker", timeout=1.0)
def take_too_long(work: SlowInput) -> Result:
    """The same, with little time."""
    return take_long(work)


def note(told: dict, word: str) -> None:
    """A line in the log: what happened, when, and in which process."""
    with Path(told["log"]).open("a") as log:
        log.write(f"{word} {time.time():.3f} {os.getpid()}\n")


def sleep(told: dict) -> None:
    """Take its time."""
    time.sleep(told["seconds"])


def meet(told: dict) -> None:
    """Go on as soon as so many have begun; give up after so many seconds."""
    deadline = time.monotonic() + told["seconds"]
    while Path(told["log"]).read_text().count("began") < told["number"]:
        assert time.monotonic() < deadline, "The others did not begin meanwhile."
        time.sleep(0.05)


def hold_the_lock(told: dict) -> None:
    """A quadratic regular expression: nothing else in its process runs meanwhile."""
    re.search(r"[.]+x", "." * 200_000)


def leave(told: dict) -> None:
    """End the process."""
    os._exit(3)


def eat(told: dict) -> None:
    """Take more memory than there may be."""
    eaten = [bytearray(50_000_000) for _ in range(200)]
    assert eaten


def segfault(told: dict) -> None:
    """Crash the interpreter."""
    import ctypes

    ctypes.string_at(0)
