"""Two reports side by side: two periods, or two teams."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backlog.models import Project
from tests.delivered import ROWS, contents, deliver_all, know

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
QUARTER = {"type": "quarter", "first": "2026-01-01", "last": "2026-03-31", "days": 90, "people": 4}


def compare(client: Client, first: Project, second: object = "") -> Any:
    """The response of the page that compares the two."""
    return client.get(reverse("portal:compare", args=[first.pk]), {"with": second} if second else {})


def reported(opened: Opened, rows: list[dict[str, Any]], currency: str = "EUR", **known: Any) -> Project:
    """A project with a report of these rows."""
    project = opened(title=known.pop("title", "March"))
    know(project, currency=currency, **known)
    deliver_all(project, contents(rows, **known))
    return project


def test_two_reports_stand_side_by_side_with_their_differences(rita: Client, opened: Opened) -> None:
    march, april = reported(opened, ROWS), reported(opened, [*ROWS, ROWS[0]], title="April")
    response = compare(rita, march, april.pk)
    lines = {line.label: line for line in response.context["comparison"].figures}
    cost = lines["Cost a month"]
    assert (cost.first, cost.second, cost.difference) == (
        "135.00\u00a0EUR",
        "165.00\u00a0EUR",
        "+30.00\u00a0EUR",
    )
    assert lines["Hourly rate"].is_equal
    categories = {line.label: line for line in response.context["comparison"].categories}
    assert response.context["comparison"].categories_title == "Hours a month by category"
    assert (categories["Payables"].first, categories["Payables"].second) == ("2.00\u00a0h", "2.67\u00a0h")
    assert "April" in response.content.decode()


def test_amounts_in_different_currencies_are_not_compared(rita: Client, opened: Opened) -> None:
    euros, francs = reported(opened, ROWS), reported(opened, ROWS, currency="CHF")
    response = compare(rita, euros, francs.pk)
    assert "comparison" not in response.context
    assert "are in EUR, those of the second in CHF. Interlock converts no currencies" in response.content.decode()


def test_periods_of_different_length_are_said_to_differ(rita: Client, opened: Opened) -> None:
    month = reported(opened, ROWS, period={"type": "month"})
    quarter = reported(opened, ROWS, period=QUARTER)
    assert "The periods differ in length" in compare(rita, month, quarter.pk).content.decode()


def test_a_request_without_a_report_cannot_be_compared(rita: Client, opened: Opened) -> None:
    response = compare(rita, reported(opened, ROWS), opened(title="May").pk)
    assert "Nothing was delivered yet for “May”" in response.content.decode()


def test_the_page_offers_the_other_requests_of_the_person(rita: Client, opened: Opened) -> None:
    march = reported(opened, ROWS)
    assert "There is no other request to compare with" in compare(rita, march).content.decode()
    april, theirs = opened(title="April"), opened(requester="rob", title="Secret")
    html = compare(rita, march).content.decode()
    assert str(april.pk) in html
    assert str(theirs.pk) not in html


def test_nothing_of_somebody_elses_is_compared(rita: Client, rob: Client, opened: Opened) -> None:
    own, theirs = reported(opened, ROWS), opened(requester="rob")
    assert compare(rita, own, theirs.pk).status_code == 404
    assert compare(rob, own, theirs.pk).status_code == 404
    assert "no id of a request" in compare(rita, own, "nonsense").content.decode()
