"""Browsers report what the Content-Security-Policy kept from a page: counted, logged without secrets, and bounded."""

import logging
from typing import Any

import orjson
import pytest
from django.test import Client

from pages import csp_reports
from pages.csp_reports import MOST_A_MINUTE, MOST_BYTES, Window
from telemetry.metrics import registry

pytestmark = pytest.mark.django_db
TOKEN = "c2VjcmV0LXRva2Vu"


@pytest.fixture(autouse=True)
def window(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of this test's own."""
    monkeypatch.setattr(csp_reports, "window", Window(MOST_A_MINUTE))


def sent(body: bytes) -> int:
    """Send a report as a browser does; the status of the answer."""
    client = Client(enforce_csrf_checks=True)
    return client.post("/csp-reports", body, content_type="application/csp-report").status_code


def report(**changes: Any) -> bytes:
    """A report of a browser."""
    said = {
        "document-uri": f"http://localhost/shared/{TOKEN}/?q=secret",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.example/x.js?id=secret",
    }
    return orjson.dumps({"csp-report": said | changes})


def counted(directive: str) -> float:
    """How many reports are counted under this label."""
    return registry.get_sample_value("interlock_csp_reports_total", {"directive": directive}) or 0.0


def test_a_report_is_counted_and_its_line_names_route_and_host_alone(caplog: pytest.LogCaptureFixture) -> None:
    before = counted("script-src-elem")
    with caplog.at_level(logging.WARNING, "pages.csp_reports"):
        assert sent(report()) == 204
    assert counted("script-src-elem") == before + 1
    [line] = caplog.messages
    assert line == ("The Content-Security-Policy kept the page /shared/<str:token> from evil.example (script-src-elem)")


def test_what_a_stranger_makes_up_is_written_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    made_up = {"effective-directive": "x\nERROR forged", "document-uri": "x\nforged", "blocked-uri": "forged\n"}
    with caplog.at_level(logging.WARNING, "pages.csp_reports"):
        assert sent(report(**made_up)) == 204
    assert caplog.messages == ["The Content-Security-Policy kept the page other from other (other)"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * (MOST_BYTES + 1), 413),
        (b"{", 400),
        (b"[]", 400),
        (b'{"csp-report": 1}', 400),
        (b'{"csp-report": {}}', 400),
    ],
)
def test_what_is_no_report_or_too_long_is_refused(body: bytes, status: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "pages.csp_reports"):
        assert sent(body) == status
    assert [record.name for record in caplog.records] == ["django.request"]


def test_beyond_so_many_a_minute_reports_are_counted_and_not_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    before = counted("too_many")
    with caplog.at_level(logging.WARNING, "pages.csp_reports"):
        answers = [sent(report()) for _ in range(MOST_A_MINUTE + 5)]
    assert answers == [204] * (MOST_A_MINUTE + 5)
    assert len(caplog.messages) == MOST_A_MINUTE
    assert counted("too_many") == before + 5


def test_pages_tell_browsers_where_to_report(client: Client) -> None:
    assert "report-uri /csp-reports" in client.get("/sign-in/").headers["Content-Security-Policy"]
