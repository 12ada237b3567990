"""The grounding check: every computed figure passes, and nothing else that states a quantity does."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from workers.models.grounding import Figure, is_plain, ungrounded

VALUES = st.floats(0, 1e9, allow_nan=False).map(lambda value: round(value, 2))
FIGURES = [
    Figure("total_hours", 1234.5, "hours"), Figure("avoidable_percent", 37.5, "percent"),
    Figure("annual_cost", 65070.0, "money"), Figure("rows", 360, "count"),
]  # fmt: skip
FORMS = ["{}", "{} hours", "It takes {}.", "({})", "from {} on", "{}, and more", "“{}”", "about {} of them"]


@given(value=VALUES, decimals=st.integers(0, 2), form=st.sampled_from(FORMS))
@settings(max_examples=examples(300))
def test_a_computed_figure_passes_as_it_is_and_rounded(value: float, decimals: int, form: str) -> None:
    for spelling in (f"{value:.{decimals}f}", f"{value:,.{decimals}f}"):
        assert ungrounded(form.format(spelling), [Figure("one", value, "hours")]) == []


@given(value=VALUES, other=VALUES, decimals=st.integers(0, 2), form=st.sampled_from(FORMS))
@settings(max_examples=examples(300))
def test_any_other_number_is_refused(value: float, other: float, decimals: int, form: str) -> None:
    assume(abs(value - other) > 10**-decimals)
    assert ungrounded(form.format(f"{other:,.{decimals}f}"), [Figure("one", value, "hours")]) != []


@given(text=st.text(max_size=60), digit=st.sampled_from("0123456789٣五½²Ⅷ７"), at=st.integers(0, 60))
@settings(max_examples=examples(300))
def test_without_computed_figures_no_digit_passes_wherever_it_stands(text: str, digit: str, at: int) -> None:
    assert ungrounded(text[:at] + digit + text[at:], []) != []


@pytest.mark.parametrize(
    "text",
    [
        "It takes 1,234.5 hours, of which 37.5% recur.",
        "It takes 1,235 hours (1234.50 hours exactly).",
        "At a cost of EUR 65,070 a year, or 65,070 EUR, for 360 rows.",
        "Most of the time goes to one category; the first of them is the largest.",
        "38 percent could be taken over - 360 rows in all.",
    ],
)
def test_grounded_prose_passes(text: str) -> None:
    assert ungrounded(text, FIGURES) == []


@pytest.mark.parametrize(
    "text",
    [
        "It takes 1,234.6 hours.",
        "It takes 1.234,5 hours.",
        "It takes 12,34.5 hours.",
        "37.5 hours could be saved.",
        "It costs EUR 37.5.",
        "65,070 % more",
        "360% of the rows",
        "The cost falls by -360.",
        "minus 360",
        "360k rows",
        "DE360",
        "360x faster",
        "3 6 0 rows",
        "1/360 of the rows",
        "Half of the time",
        "two-thirds of it",
        "a quarter of the cost",
        "three quarters",
        "The cost doubles.",
        "dreißig Stunden",
        "trente heures",
        "½ of it",
        "٣٦٠ rows",
        "360 000 rows",
        "3.6e2 rows",
        "1" * 30,
    ],
)
def test_any_other_quantity_is_refused(text: str) -> None:
    assert ungrounded(text, FIGURES) != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plain prose – with “quotes”, and 5% of it.", True),
        ("<b>bold</b>", False),
        ("see https://example.org", False),
        ("see www.example.org", False),
        ("write to me@example.org", False),
        ("![x](y)", False),
        ("`rm -rf`", False),
        ("two\nlines", False),
        ("turned \u202e around", False),
        ("hidden\u200b", False),
        ("tag \U000e0041", False),
    ],
)
def test_prose_is_one_plain_line(text: str, expected: bool) -> None:
    assert is_plain(text) is expected
