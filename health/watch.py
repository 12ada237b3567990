"""Looks at what Interlock needs, with bounds: a look takes LONGEST_SECONDS at most, and what hangs costs nothing else.

The checks of one source (database, broker, disk) are done in order on a thread of its own with a connection of its own.
A source that hangs keeps that thread; it is reported at once at each later look, and no second thread waits for it.
A report is FRESH_SECONDS old at most, however often it is asked for: a flood of probes costs one look a second.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, InterfaceError

from events.broker import BROKER_ERRORS, BrokerAnswer, NotACluster

logger = logging.getLogger(__name__)

# What a source answers that is away or refuses, and not a fault of this program.
AWAY_ERRORS = (DatabaseError, InterfaceError, *BROKER_ERRORS, BrokerAnswer, NotACluster, OSError)
LONGEST_SECONDS = 3.0
FRESH_SECONDS = 1.0
OK, WARNS, NOT_READY = "ok", "warns", "not ready"


@dataclass(frozen=True)
class Finding:
    """What a check found: `ok` is None where it is not known; `says` is what is wrong and what to do."""

    ok: bool | None
    says: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A question to a source. `blocks`: while it is not well, this process should get no traffic."""

    name: str
    look: Callable[[Any], Finding]
    blocks: bool = False


@dataclass(frozen=True)
class Report:
    """The findings of one look by the names of their checks; `blocking` are the checks that keep traffic away."""

    findings: Mapping[str, Finding]
    blocking: frozenset[str]

    @property
    def status(self) -> str:
        """Return NOT_READY if a blocking check is not well, WARNS if another one is not, and OK otherwise."""
        bad = {name for name, finding in self.findings.items() if finding.ok is False}
        return NOT_READY if bad & self.blocking else WARNS if bad else OK

    def as_data(self, *, detailed: bool) -> dict[str, Any]:
        """Return the report as plain data; without details only whether each check is well."""
        checks = {
            name: {"ok": one.ok} | ({"says": one.says, "figures": one.figures} if detailed else {})
            for name, one in self.findings.items()
        }
        return {"status": self.status, "checks": checks}


class Source:
    """One source and its checks: `connect` yields what they ask, and `away` says what to do where it cannot be reached.

    The first check finds out whether the source answers: if it raises, nothing else is known either.
    """

    def __init__(
        self,
        name: str,
        checks: Sequence[Check],
        *,
        connect: Callable[[], AbstractContextManager[Any]],
        away: Callable[[Exception], str] = str,
    ) -> None:
        self.name, self.checks, self.connect, self.away = name, checks, connect, away
        self.found: dict[str, Finding] = {}
        self.began = 0.0
        self.thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin a look, unless an earlier one still waits for the source."""
        if self.thread is None or not self.thread.is_alive():
            self.found, self.began, name = {}, time.monotonic(), f"health-{self.name}"
            self.thread = threading.Thread(target=self._look, args=[self.found], name=name, daemon=True)
            self.thread.start()

    def findings(self) -> dict[str, Finding]:
        """Return the findings of the look as soon as it ends, or when its time is over."""
        if self.thread:
            self.thread.join(max(0.0, self.began + LONGEST_SECONDS - time.monotonic()))
        found, seconds = dict(self.found), time.monotonic() - self.began
        hangs = Finding(False, f"The {self.name} has not answered this for {seconds:.0f} s: it hangs.")
        missing = [check.name for check in self.checks if check.name not in found]
        found |= dict.fromkeys(missing[:1], hangs)
        found |= dict.fromkeys(missing[1:], Finding(None, f"Not known: the {self.name} hangs."))
        return {check.name: found[check.name] for check in self.checks}

    def _look(self, found: dict[str, Finding]) -> None:
        """Do the checks in order and note what each finds; what a source that is away leaves open is not known."""
        first, *others = self.checks
        try:
            with self.connect() as source:
                found[first.name] = first.look(source)
                for check in others:
                    found[check.name] = examined(check, source)
        except Exception as error:
            if not isinstance(error, AWAY_ERRORS):
                logger.exception("The %s could not be examined", self.name)
            unknown = Finding(None, f"Not known: the {self.name} does not answer.")
            found.update({check.name: unknown for check in others} | found)
            found.setdefault(first.name, Finding(False, self.away(error)))


def examined(check: Check, source: Any) -> Finding:
    """Return what the check finds; what it could not find out is not known, with the reason."""
    try:
        return check.look(source)
    except AWAY_ERRORS as error:
        return Finding(None, f"Not known: {one_line(error)}.")


def one_line(error: Exception) -> str:
    """Return the first line of the error's message."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


class Watch:
    """Looks at all sources at the same time; callers that come during a look get its report."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.blocking = frozenset(check.name for source in sources for check in source.checks if check.blocks)
        self._lock = threading.Lock()
        self._latest: Report | None = None
        self._fresh_until = 0.0

    def look(self) -> Report:
        """Return a report that is at most FRESH_SECONDS old; it comes within LONGEST_SECONDS."""
        with self._lock:
            if self._latest is None or time.monotonic() > self._fresh_until:
                self._latest = self._look()
                self._fresh_until = time.monotonic() + FRESH_SECONDS
            return self._latest

    def _look(self) -> Report:
        for source in self.sources:
            source.begin()
        findings = {name: one for source in self.sources for name, one in source.findings().items()}
        return Report(findings, self.blocking)
