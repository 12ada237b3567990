"""A moment in a form is read in the zone in which it was shown, whatever the browser's zone is when it is sent."""

from typing import Any

import pytest
from django.forms import Form
from django.utils import timezone

from clarifications.forms.fields import field_for

SCHEMA = {"type": "string", "format": "date-time"}
ZONES = ["UTC", "America/New_York", "Europe/Paris", "Asia/Kathmandu", "Pacific/Apia"]
MOMENTS = [
    *("2026-11-26T08:00:00+00:00", "2026-07-01T23:30:00+00:00"),
    # The hour that comes twice, once in each offset, in Paris and in New York.
    *(
        "2026-10-25T00:30:00+00:00",
        "2026-10-25T01:30:00+00:00",
        "2026-11-01T05:30:00+00:00",
        "2026-11-01T06:30:00+00:00",
    ),
]


def form_of(default: str, data: dict[str, str] | None = None) -> Any:
    """A form with the one field."""
    kind = type("Asked", (Form,), {"answer": field_for({**SCHEMA, "default": default}, name="answer")})
    return kind(data)


def sent(form: Any, **typed: str) -> dict[str, str]:
    """What a browser sends of the form as it stands, with what was typed."""
    html = str(form["answer"])
    values = {}
    for part in html.split("<input ")[1:]:
        read = dict(one.split("=", 1) for one in part.split(">")[0].replace('"', "").split() if "=" in one)
        name, value = part.split('name="')[1].split('"')[0], part.split('value="')[1].split('"')[0]
        values[name] = value
        assert read
    return values | typed


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("shown_in", ZONES)
@pytest.mark.parametrize("sent_in", ZONES)
def test_an_untouched_form_changes_no_moment(moment: str, shown_in: str, sent_in: str) -> None:
    with timezone.override(shown_in):
        data = sent(form_of(moment))
    with timezone.override(sent_in):
        form = form_of(moment, data)
        assert form.is_valid(), form.errors
        assert timezone.datetime.fromisoformat(form.cleaned_data["answer"]) == timezone.datetime.fromisoformat(moment)


def test_what_is_typed_is_read_in_the_zone_of_the_page() -> None:
    with timezone.override("America/New_York"):
        data = sent(form_of(MOMENTS[0]), answer="2026-11-26T09:15:00")
    with timezone.override("UTC"):
        form = form_of(MOMENTS[0], data)
        assert form.is_valid()
        assert form.cleaned_data["answer"] == "2026-11-26T09:15:00-05:00"


def test_a_form_that_comes_back_keeps_the_zone_it_was_shown_in() -> None:
    with timezone.override("America/New_York"):
        data = sent(form_of(MOMENTS[0]), answer="no moment")
    with timezone.override("UTC"):
        again = sent(form_of(MOMENTS[0], data), answer="2026-11-26T09:15:00")
        form = form_of(MOMENTS[0], again)
        assert form.is_valid()
        assert form.cleaned_data["answer"] == "2026-11-26T09:15:00-05:00"


@pytest.mark.parametrize("hidden", ["", "Nowhere/City", "UTC nonsense", "UTC 2026-01-01", "x" * 5000])
def test_whatever_is_hidden_breaks_nothing(hidden: str) -> None:
    form = form_of(MOMENTS[0], {"answer": "2026-11-26T09:15", "answer__shown": hidden})
    assert form.is_valid()
    assert form.cleaned_data["answer"] == "2026-11-26T09:15:00+00:00"


def test_seconds_that_are_taken_away_are_a_change() -> None:
    data = sent(form_of("2026-11-26T08:00:30+00:00"), answer="2026-11-26T08:00")
    form = form_of("2026-11-26T08:00:30+00:00", data)
    assert form.is_valid()
    assert form.cleaned_data["answer"] == "2026-11-26T08:00:00+00:00"


def test_a_fraction_of_a_second_that_no_picker_shows_is_kept() -> None:
    exact = "2026-11-26T08:00:30.250000+00:00"
    form = form_of(exact, sent(form_of(exact)))
    assert form.is_valid()
    assert form.cleaned_data["answer"] == exact


def test_what_a_request_was_typed_with_carries_the_zones_on() -> None:
    from django.http import QueryDict

    from portal.forms import RequestForm

    form = RequestForm.__new__(RequestForm)
    form.fields, form.figures, form.prefix = {"due": field_for(SCHEMA, name="due")}, [], None
    form.data = QueryDict("due=2026-11-26T08:00&due__shown=America/New_York")
    assert form.typed_inputs() == [("due", "2026-11-26T08:00"), ("due__shown", "America/New_York")]
