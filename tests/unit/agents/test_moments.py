"""When a row began and ended."""

from datetime import datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.spreadsheets.rows import Row
from workers.agents.analysis.moments import moment_of, span_of


@pytest.mark.parametrize(
    ("text", "wall", "has_time"),
    [
        ("2026-01-12", "2026-01-12T00:00:00", False),
        ("20260112", "2026-01-12T00:00:00", False),
        ("2026-W03-1", "2026-01-12T00:00:00", False),
        ("2026-1-5", "2026-01-05T00:00:00", False),
        ("2026-01-12T08:30", "2026-01-12T08:30:00", True),
        ("2026-01-12 08:30:15.250", "2026-01-12T08:30:15.250000", True),
        ("2026-01-12T08:30:00+02:00", "2026-01-12T08:30:00", True),
        ("2026-01-12T08:30:00Z", "2026-01-12T08:30:00", True),
        ("2026-01-12 8:30 +02:00", "2026-01-12T08:30:00", True),
        ("2026-01-12T24:00", "2026-01-13T00:00:00", True),
    ],
)
def test_a_moment_is_read_in_the_local_time_that_it_names(text: str, wall: str, has_time: bool) -> None:
    moment = moment_of(text)
    assert moment
    assert (moment.wall.isoformat(), moment.has_time) == (wall, has_time)


@pytest.mark.parametrize(
    "text", [None, "", "soon", "12/01/2026", "2026-13-01", "2026-01-12T25:00", "1899-12-30", "9" * 99]
)
def test_a_text_that_is_no_moment_is_none(text: str | None) -> None:
    assert moment_of(text) is None


@given(st.text(max_size=45))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    moment = moment_of(text)
    assert moment is None or 1900 <= moment.wall.year <= 2200


@given(st.datetimes(datetime(1902, 1, 1), datetime(2198, 12, 31), timezones=st.timezones(), allow_imaginary=False))
def test_an_offset_decides_which_instant_is_meant(at: Any) -> None:
    moment = moment_of(at.isoformat())
    if moment:  # An offset with seconds, as before 1900, may not be read.
        assert abs(moment.instant / 1000 - at.timestamp()) < 0.002
        assert moment.wall == at.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("told", "minutes", "length"),
    [
        ({"started_at": "2026-01-12T08:00", "ended_at": "2026-01-12T09:00"}, None, 60),
        ({"started_at": "2026-01-12T08:00", "ended_at": "2026-01-12T09:00"}, 10, 60),
        ({"started_at": "2026-01-12T08:00"}, 10, 10),
        ({"ended_at": "2026-01-12T08:00"}, 10, 10),
        ({"started_at": "2026-01-12T08:00", "ended_at": "2026-01-12T07:00"}, 10, 10),
        ({"started_at": "2026-01-12T08:00", "ended_at": "2026-01-12"}, 10, 10),
        ({"started_at": "2026-03-29T01:30+01:00", "ended_at": "2026-03-29T03:30+02:00"}, None, 60),
        ({"started_at": "2026-10-25T02:50+02:00", "ended_at": "2026-10-25T02:10+01:00"}, 5, 20),
        ({"started_at": "2026-01-12"}, 10, None),
        ({"ended_at": "2026-01-12"}, 10, None),
        ({}, 10, None),
    ],
)
def test_a_span_is_told_by_two_of_start_and_end_and_duration(
    told: dict[str, str], minutes: int | None, length: int | None
) -> None:
    span = span_of(cast(Row, told), minutes and minutes * 60_000)
    assert (span and span.length) == (length and length * 60_000)
