"""Amounts of money and periods as people read them."""

from typing import Any

import pytest
from django.utils.translation import override

from reports.figures import money_in_words
from reports.periods import period_in_words


@pytest.mark.parametrize(("language", "words"), [("en", "1,234.50\u00a0EUR"), ("fr", "1\u202f234,50\u00a0EUR")])
def test_money_is_said_in_the_readers_format_with_its_currency(language: str, words: str) -> None:
    with override(language):
        assert money_in_words(1234.5, "EUR").replace("\u00a0234", "\u202f234") == words


def test_money_without_a_currency_names_none() -> None:
    assert money_in_words(45, "") == "45.00"


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ({"type": "month"}, "a month"),
        ({"type": "quarter", "people": 4}, "a quarter, 4 people"),
        ({"type": "working_days", "working_days": 1}, "1 working day"),
        (
            {"type": "dates", "first": "2026-01-01", "last": "2026-03-30", "people": 1},
            "Jan. 1, 2026 to March 30, 2026: 89 days, 63 working days, 1 person",
        ),
        ({"type": "dates", "first": "2026-01-01", "last": "2026-01-01"}, "Jan. 1, 2026: 1 day, 1 working day"),
        ({"type": "eon"}, ""),
        (None, ""),
    ],
)
def test_a_period_is_said_with_its_days_and_people(period: Any, words: str) -> None:
    assert period_in_words(period) == words
