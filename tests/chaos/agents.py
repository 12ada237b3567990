"""Agents of a run: slow, failing, hopeless, and asking ones. Each notes when a run of it begins and ends.

What it is to do comes in the request's text, as JSON: {"log": a file, "fail": how often it fails, "seconds": how long}.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from workers.contract import AgentInput, DataInsufficient, Result, ToolFailure, agent


class Told(AgentInput):
    """The input of every agent here."""


class Asking(AgentInput):
    """The input of an agent that asks a person for a colour."""

    colour: str


@agent("slow_worker", timeout=60.0)
def take_long(work: Told) -> Result:
    """Take longer than the time after which an entry that nobody renews is taken over."""
    told = json.loads(work.request_text)
    note(told, "began")
    time.sleep(told["seconds"])
    note(told, "ended")
    return Result({})


@agent("flaky_worker", timeout=20.0)
def fail_at_first(work: Told) -> Result:
    """Fail as often as told, then succeed."""
    told = json.loads(work.request_text)
    runs = note(told, "began")
    note(told, "ended")
    if runs <= told["fail"]:
        raise ToolFailure("It fails at first.")  # the same words each time: another run of it is the same event
    return Result({})


@agent("hopeless_worker", timeout=20.0)
def fail_for_good(work: Told) -> Result:
    """Fail, and say that another try would not help."""
    raise DataInsufficient("There is nothing to work with.", retryable=False)


@agent("asking_worker", timeout=20.0)
def need_a_colour(work: Asking) -> Result:
    """Succeed once a person has named a colour."""
    return Result({"colour": work.colour})


def note(told: dict[str, Any], word: str) -> int:
    """Add a line to the log: what happened, when, in which process; return how many lines have this word."""
    path = Path(told["log"])
    with path.open("a") as log:
        log.write(f"{word} {time.monotonic():.3f} {os.getpid()}\n")
    return path.read_text().count(word)
