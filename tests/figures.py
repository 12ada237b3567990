"""What a process counts, as Prometheus reads it."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from prometheus_client.parser import text_string_to_metric_families

from runtime.routing import build_application
from telemetry import metrics
from tests.held_connections import served

TOKEN = "a-token-of-this-test"


def figure(name: str, **labels: str) -> float:
    """The value of a figure in this process; 0 for one that was never counted."""
    return metrics.registry.get_sample_value(name, labels) or 0.0


@contextmanager
def counted(name: str, **labels: str) -> Iterator[list[float]]:
    """By how much the figure has grown inside the block: the only one of the list, afterwards."""
    before, grown = figure(name, **labels), []
    yield grown
    grown.append(figure(name, **labels) - before)


@contextmanager
def web() -> Iterator[int]:
    """The port of the whole web application on a thread of this process."""
    application: Any = build_application()
    try:
        with served(application) as port:
            yield port
    finally:
        connections.close_all()


def get(port: int, path: str, **headers: str) -> http.client.HTTPResponse:
    """What is answered at this path."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """{(name, labels): value} of every figure in this text of Prometheus."""
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}
