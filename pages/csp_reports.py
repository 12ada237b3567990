"""Takes the reports of browsers about what the Content-Security-Policy kept a page from loading or running.

Anybody may send one, so it is short, few are taken a minute, and none of its text is written on: the log line names
the directive, the route of the page and the host, each only in a form that is known.
"""

import logging
import re
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from telemetry.metrics import CSP_REPORTS, OTHER
from telemetry.requests import route_label

logger = logging.getLogger(__name__)

# A report is some hundred bytes long; addresses in it may be longer.
MOST_BYTES = 16 * 1024
# Reports that a web process takes in a minute: one broken page makes a few for each person who looks at it.
MOST_A_MINUTE = 60
DIRECTIVES = frozenset(
    f"{kind}-src{end}"
    for kind in (
        "child",
        "connect",
        "default",
        "font",
        "frame",
        "img",
        "manifest",
        "media",
        "object",
        "script",
        "style",
        "worker",
    )
    for end in ("", "-elem", "-attr")
) | {"base-uri", "form-action", "frame-ancestors"}
# What stands in place of an address.
WORDS = frozenset({"inline", "eval", "wasm-eval", "self", "data", "blob"})
HOST = re.compile(r"[A-Za-z0-9.-]{1,100}")


class Window:
    """Counts what comes in the current minute."""

    def __init__(self, most: int) -> None:
        self.most, self.began, self.count, self.lock = most, 0.0, 0, threading.Lock()

    def has_room(self) -> bool:
        """Count one more; return False if `most` have come in this minute."""
        with self.lock:
            if (now := time.monotonic()) - self.began >= 60:
                self.began, self.count = now, 0
            self.count += 1
            return self.count <= self.most


window = Window(MOST_A_MINUTE)


@csrf_exempt
@require_POST
def take_report(request: HttpRequest) -> HttpResponse:
    """Count and log the report: 204, also for one too many; 413 for a longer one, 400 for what is no report."""
    if not window.has_room():
        CSP_REPORTS.labels("too_many").inc()
        return HttpResponse(status=204)
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        directive, page, blocked = parts_of(orjson.loads(body))
    except (AttributeError, KeyError, TypeError, ValueError):
        return HttpResponse(status=400)
    CSP_REPORTS.labels(directive).inc()
    logger.warning("The Content-Security-Policy kept the page %s from %s (%s)", page, blocked, directive)
    return HttpResponse(status=204)


def parts_of(document: Any) -> tuple[str, str, str]:
    """Return (directive, route of the page, host or word) of a report. Raises for what is none."""
    report = document["csp-report"]
    named = str(report.get("effective-directive") or report["violated-directive"]).partition(" ")[0]
    return named if named in DIRECTIVES else OTHER, route_of(str(report["document-uri"])), source_of(report)


def route_of(address: str) -> str:
    """Return the template of the page's path, without the ids and tokens in it."""
    try:
        return route_label(resolve(urlsplit(address).path).route)
    except Resolver404:
        return OTHER


def source_of(report: dict[str, Any]) -> str:
    """Return what was not loaded: the host of its address, or a word such as inline."""
    blocked = str(report.get("blocked-uri", ""))
    host = urlsplit(blocked).hostname or ""
    return blocked if blocked in WORDS else host if HOST.fullmatch(host) else OTHER
