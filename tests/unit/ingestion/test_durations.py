"""Durations as people write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.spreadsheets.durations import UnreadableDuration, parse_minutes


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90),
        ("8.46", 8.46),
        ("1.5h", 90),
        ("45m", 45),
        ("90 min", 90),
        ("2 hours", 120),
        ("1.5d", 720),
        ("1 day", 480),
        ("30s", 0.5),
        ("1:30", 90),
        ("01:30:00", 90),
        ("01:30:30", 90.5),
        ("1h 30m", 90),
        ("1h30", 90),
        ("1 hour and 30 minutes", 90),
        ("1d 2h", 600),
        ("1,5 h", 90),
        ("2 Std.", 120),
        ("PT1H30M", 90),
        ("1,234,567", 1_234_567),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1\u00a0234", 1234),
        ("0", 0),
    ],
)
def test_what_people_write_is_understood(text: str, minutes: float) -> None:
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize(
    "text",
    ["", "-5", "-1h", "nan", "inf", "1e3", "abc", "~90", "90-120", "1:60", "1:30 min", "1.5h 30m", "30m 1h", "1h 2h"]
    + ["1mo", "1.2.3", "PT", "PT-1H", "P1D", "½", "5²", "٣", "99999999", "9" * 80, "10000001 min"],
)
def test_what_is_unknown_negative_or_absurd_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDuration, match="Write it like"):
        parse_minutes(text)


def test_thousands_or_fraction_is_decided_by_the_decimal_mark_and_never_guessed() -> None:
    assert parse_minutes("1,234", decimal=",") == 1.234
    assert parse_minutes("1.234", decimal=".") == 1.234
    with pytest.raises(UnreadableDuration, match="thousands or a fraction"):
        parse_minutes("1,234", decimal=".")
    with pytest.raises(UnreadableDuration, match="thousands or a fraction"):
        parse_minutes("1.234", decimal=",")


def test_the_unit_of_the_column_counts_for_bare_numbers_only() -> None:
    assert parse_minutes("2", unit="h") == 120
    assert parse_minutes("0,5", unit="d") == 240
    assert parse_minutes("2 min", unit="h") == 2


@given(st.integers(0, 9_999_999), st.integers(0, 59))
def test_a_clock_reads_back_as_it_was_written(minutes: int, seconds: int) -> None:
    text = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    assert parse_minutes(text) == pytest.approx(minutes + seconds / 60)


@given(st.decimals(0, 10_000, places=2), st.sampled_from([("s", 1 / 60), ("min", 1), ("h", 60), ("d", 480)]))
def test_a_number_with_its_unit_reads_the_same_with_either_decimal_mark(
    number: object, unit: tuple[str, float]
) -> None:
    text = f"{number}{unit[0]}"
    assert parse_minutes(text) == parse_minutes(text.replace(".", ",")) == pytest.approx(float(str(number)) * unit[1])


@given(st.text(max_size=30))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    with suppress(UnreadableDuration):
        assert 0 <= parse_minutes(text) <= 10_000_000
