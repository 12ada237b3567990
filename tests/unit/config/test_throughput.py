"""Throughput and lead times by the hour, from when projects were opened and finished."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from staff.throughput import hourly_plots, hours_of_the_day, span_in_two_units, summary_in_words

NOW = datetime(2026, 3, 10, 14, 25, tzinfo=UTC)


def done(*, ago: float, took: float) -> tuple[datetime, datetime]:
    """A project finished so many hours ago, after so many minutes."""
    finished = NOW - timedelta(hours=ago)
    return finished - timedelta(minutes=took), finished


def test_each_project_counts_in_the_hour_in_which_it_was_finished() -> None:
    found = hours_of_the_day([done(ago=hours, took=1) for hours in (0, 0.4, 0.5, 0.6, 23.3, 23.5, 24)], NOW)
    assert [hour.label for hour in found[-2:]] == ["13:00", "14:00"]
    assert [len(hour.spans) for hour in found] == [2, 1] + [0] * 21 + [2, 2]


def test_the_first_hour_begins_24_hours_ago_and_what_was_finished_before_belongs_to_none() -> None:
    found = hours_of_the_day([done(ago=24.01, took=1)], NOW)
    assert found[0].starts == NOW - timedelta(hours=24)
    assert found[0].label == found[-1].label == "14:00"
    assert not any(hour.spans for hour in found)


def test_the_hours_follow_each_other_without_a_gap() -> None:
    found = hours_of_the_day([], NOW)
    assert all(before.ends == after.starts for before, after in pairwise(found))
    assert found[-1].starts <= NOW < found[-1].ends


def test_the_hours_are_those_of_the_readers_clock() -> None:
    with timezone.override(ZoneInfo("Asia/Kolkata")):  # 5 h 30 min ahead: it is 19:55
        found = hours_of_the_day([done(ago=0.5, took=1)], NOW)
        assert [(hour.label, len(hour.spans)) for hour in found[-2:]] == [("18:00", 0), ("19:00", 1)]


def test_a_day_that_changes_the_clock_has_24_hours_without_a_gap() -> None:
    with timezone.override(ZoneInfo("Europe/Paris")):  # the clock goes from 2:00 to 3:00 on 29 March
        found = hours_of_the_day([], datetime(2026, 3, 29, 12, 0, tzinfo=UTC))
        assert {hour.ends - hour.starts for hour in found} == {timedelta(hours=1)}
        assert "02:00" not in [hour.label for hour in found]


def test_the_median_and_the_90th_percentile_are_of_the_hour_and_in_minutes() -> None:
    hour = hours_of_the_day(
        [done(ago=0.1, took=minutes) for minutes in (30, 10, 20, 40, 100, 60, 50, 80, 90, 70)], NOW
    )[-1]
    assert (hour.median, hour.ninetieth) == (55.0, 90.0)
    one = hours_of_the_day([done(ago=0.1, took=7.5)], NOW)[-1]
    assert (one.median, one.ninetieth) == (7.5, 7.5)


def test_an_hour_without_a_finished_project_has_no_lead_time() -> None:
    hour = hours_of_the_day([], NOW)[-1]
    assert (hour.median, hour.ninetieth) == (None, None)


def test_two_clocks_that_disagree_give_no_negative_lead_time() -> None:
    assert hours_of_the_day([done(ago=0.1, took=-5)], NOW)[-1].median == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11_520, "3 h 12 min"),
        (86_400, "1 day"),
        (97_200, "1 day 3 h"),
        (86_400 + 1800, "1 day"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert span_in_two_units(timedelta(seconds=seconds)) == words


def test_the_summary_tells_how_many_and_how_long() -> None:
    assert summary_in_words([]) == "Nothing was finished in the last 24 hours."
    assert summary_in_words([done(ago=1, took=12)]) == "1 project was finished. It took 12 min."
    many = [done(ago=1, took=minutes) for minutes in range(1, 101)]
    assert summary_in_words(many) == (
        "100 projects were finished. Half were done in 50 min, nine of ten in 1 h 30 min."
    )


def test_the_plots_show_a_gap_and_not_nothing_where_no_project_was_finished() -> None:
    throughput, median, ninetieth = hourly_plots(hours_of_the_day([done(ago=0.1, took=10), done(ago=3, took=20)], NOW))
    assert "Projects finished per hour" in throughput
    assert median.count("<circle") == ninetieth.count("<circle") == 2
