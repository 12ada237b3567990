"""Durations as people and programs write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.spreadsheets.durations import MOST_MILLISECONDS, SCALE, DecimalMark, Kind, quantity_of
from intake.spreadsheets.evidence import in_unit

MINUTE = 60_000


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1.5h", 90),
        ("45m", 45),
        ("90 min", 90),
        ("2 hours", 120),
        ("1.5d", 720),
        ("1 day", 480),
        ("1w 2d 4h", 3600),
        ("30s", 0.5),
        ("250 ms", 0.25 / 60),
        ("01:30:00", 90),
        ("01:30:30", 90.5),
        ("1:30:00.5", 90 + 0.5 / 60),
        ("00:30:00.0000000", 30),
        ("1 day, 2:03:04", 1563 + 4 / 60),
        ("1.02:00:00", 1560),
        ("18:25 min", 18 + 25 / 60),
        ("1:30 h", 90),
        ("0:90", 90),
        ("1h 30m", 90),
        ("1h30", 90),
        ("8 h 30", 510),
        ("1h30m20s", 90 + 20 / 60),
        ("1 hour and 30 minutes", 90),
        ("1 hora y 30 minutos", 90),
        ("1d 2h", 600),
        ("1,5 h", 90),
        ("7,5 Std.", 450),
        ("2 Std. 15 Min.", 135),
        ("2 heures", 120),
        ("2 días", 960),
        ("90'", 90),
        ("1½ h", 90),
        (".5h", 30),
        ("1:30 (1.50)", 90),
        ("1:30 (1.5 h)", 90),
        ("PT1H30M", 90),
        ("PT36H30M00S", 2190),
    ],
)
def test_what_people_write_is_understood(text: str, minutes: float) -> None:
    quantity = quantity_of(text)
    assert (quantity.kind, quantity.value) == (Kind.FIXED, round(minutes * MINUTE))


@pytest.mark.parametrize(
    ("text", "number"),
    [("90", 90), ("8.46", 8.46), ("1,5", 1.5), ("1,234,567", 1_234_567), ("1,234.5", 1234.5), ("1.234,5", 1234.5)]
    + [("1\u00a0234", 1234), ("0", 0), ("½", 0.5), ("0.0416666666666667", 0.041666667), ("4.2E-2", 0.042)],
)
def test_a_number_without_a_unit_waits_for_the_unit_of_its_column(text: str, number: float) -> None:
    quantity = quantity_of(text)
    assert (quantity.kind, quantity.value) == (Kind.BARE, round(number * SCALE))


def test_a_clock_time_of_two_parts_waits_for_the_form_of_its_column() -> None:
    assert quantity_of("1:30") == (Kind.CLOCK, 90 * MINUTE, "", "", "")


@pytest.mark.parametrize(
    "text",
    ["-5", "-1h", "−1:30", "nan", "inf", "1e3", "abc", "~90", "90-120", "1:60", "1.5h 30m", "30m 1h", "1h 2h"]
    + ["1mo", "1.2.3", "PT", "PT-1H", "P1D", "5²", "٣", "9" * 12, "9" * 80, "10000001 min", "1:30 (2.50)"]
    + ["9:00 AM", "1,234 h", "2h (3h)", "10h/week"],
)
def test_what_is_unknown_negative_or_absurd_is_refused(text: str) -> None:
    quantity = quantity_of(text)
    assert quantity.kind == Kind.UNREADABLE
    assert "Write it like" in quantity.message


@pytest.mark.parametrize("text", ["", "  ", "\u00a0"])
def test_nothing_is_nothing(text: str) -> None:
    assert quantity_of(text).kind == Kind.EMPTY


def test_thousands_or_fraction_is_decided_by_the_decimal_mark_and_never_guessed() -> None:
    def read(text: str, mark: DecimalMark) -> tuple[int, float]:
        quantity = quantity_of(text, mark)
        return quantity.kind, quantity.value / SCALE

    assert read("1,234", ",") == (Kind.BARE, 1.234)
    assert read("1,234", ".") == (Kind.BARE, 1234)
    assert read("1.234", ".") == (Kind.BARE, 1.234)
    assert read("1.234", ",") == (Kind.BARE, 1234)
    assert read("1,234", "") == (Kind.COMMA, 1.234)
    assert read("1.234", "") == (Kind.DOT, 1.234)


@given(st.integers(0, 9_999_999), st.integers(0, 59))
def test_a_clock_reads_back_as_it_was_written(minutes: int, seconds: int) -> None:
    quantity = quantity_of(f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}")
    assert quantity[:2] == (Kind.FIXED, minutes * MINUTE + seconds * 1000)


@given(st.decimals(0, 10_000, places=2), st.sampled_from([("s", 1000), ("min", MINUTE), ("h", 60 * MINUTE)]))
def test_a_number_with_its_unit_reads_the_same_with_either_decimal_mark(number: Decimal, unit: tuple[str, int]) -> None:
    text = f"{number}{unit[0]}"
    assert quantity_of(text)[:2] == quantity_of(text.replace(".", ","))[:2] == (Kind.FIXED, round(number * unit[1]))


@given(st.text(max_size=30), st.sampled_from(["ms", "s", "min", "h", "h.mm", "day"]))
def test_no_text_does_worse_than_being_refused(text: str, unit: str) -> None:
    quantity = quantity_of(text)
    assert 0 <= quantity.value < 1 << 63
    if quantity.kind == Kind.BARE:
        assert -1 <= in_unit(quantity.value, unit) <= MOST_MILLISECONDS
    if quantity.kind == Kind.UNREADABLE:
        assert quantity.message
