"""Numbers as people type them: read in the reader's language, and asked where they could be two."""

from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from clarifications.forms.fields import field_for
from clarifications.forms.numbers import NotANumber, parse_number, shown_number

SAME_IN_BOTH = {
    "45": "45", "45,50": "45.50", "45.50": "45.50", "0,5": "0.5", ",5": "0.5", "-1,5": "-1.5", "+3": "3",
    "1 234": "1234", "1\u202f234,5": "1234.5", "1\u00a0234.5": "1234.5", "1’234.50": "1234.50",
    "1,234.50": "1234.50", "1.234,50": "1234.50", "1,234,567": "1234567", "1.234.567": "1234567",
    "0,123": "0.123", "1234,567": "1234.567", " 7 ": "7",
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("typed", "meant"), SAME_IN_BOTH.items())
def test_what_means_one_number_is_that_number(language: str, typed: str, meant: str) -> None:
    with override(language):
        assert parse_number(typed) == Decimal(meant)


@pytest.mark.parametrize(
    ("language", "typed", "one", "other"),
    [
        *(("en", typed, "1234", "1.2340") for typed in ("1,234", "1.234")),
        *(("fr", typed, "1234", "1,2340") for typed in ("1,234", "1.234")),
    ],
)
def test_what_could_be_two_numbers_is_asked_with_both(language: str, typed: str, one: str, other: str) -> None:
    with override(language), pytest.raises(NotANumber) as refused:
        parse_number(typed)
    assert one in str(refused.value)
    assert other in str(refused.value)


@pytest.mark.parametrize("typed", ["forty", "45€", "1e400", "NaN", "1,2,3", "1,23,456.5", "--1", "", "1.2.3", "9" * 65])
def test_what_is_no_number_says_what_to_write(typed: str) -> None:
    with override("en"), pytest.raises(NotANumber, match="for example 45 or 45.50"):
        parse_number(typed)


@pytest.mark.parametrize(("language", "shown"), [("en", "45.5"), ("fr", "45,5")])
def test_a_number_is_shown_as_it_can_be_typed_again(language: str, shown: str) -> None:
    with override(language):
        assert shown_number(45.5) == shown
        assert parse_number(shown) == Decimal("45.5")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_whatever_is_shown_is_read_back_equal(number: Decimal) -> None:
    for language in ("en", "fr"):
        with override(language):
            assert parse_number(str(shown_number(number))) == number


@pytest.mark.parametrize("kind", ["number", "integer"])
def test_the_field_is_text_that_a_phone_shows_digits_for(kind: str) -> None:
    html = str(field_for({"type": kind}, name="rate").widget.render("rate", "1"))
    assert 'type="text"' in html
    assert 'inputmode="decimal"' in html
