"""Masking: what leaves has no personal data that can be found by its form, and what comes back can be read again."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from workers.models.masking import MARKS, Masks, letters

TEXTS = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            ["Anna", "Müller", "von", "der", "Mr.", "[NAME-A]", "[MAIL-B]", "a.b@example.org", "4711", "+49 30 1234567"]
        ),
        st.sampled_from(
            ["https://x.example/?q=1", "www.example.org", "DE89 3704 0044 0532 0130 00", " ", ". ", "\n", "[", "]"]
        ),
    ),
    max_size=12,
).map(" ".join)


@given(texts=st.lists(TEXTS, max_size=4))
@settings(max_examples=examples(300))
def test_whatever_is_masked_can_be_read_again(texts: list[str]) -> None:
    masks = Masks()
    masked = [masks.mask(text) for text in texts]
    assert [masks.unmask(text) for text in masked] == texts


@given(before=st.text(max_size=10), number=st.from_regex(r"[0-9]{4,20}", fullmatch=True), after=TEXTS)
@settings(max_examples=examples(200))
def test_no_number_of_four_digits_and_no_address_leaves(before: str, number: str, after: str) -> None:
    masked = Masks().mask(f"{before} {number} {after} me@example.org")
    assert not re.search(r"[0-9]{4}", masked)
    assert "@example" not in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("please call Anna about the invoice", "please call [NAME-A] about the invoice"),
        ("Call Anna about the invoice", "[NAME-A] about the invoice"),
        ("Anna Schmidt: payroll", "[NAME-A]: payroll"),
        ("review with Dr. Ludwig van Beethoven today", "review with [NAME-A] today"),
        ("anruf bei Frau Müller-Lüdenscheidt", "anruf bei [NAME-A]"),
        ("J. R. Hartley", "[NAME-A]"),
        ("Check VAT. Pay the bill.", "Check VAT. Pay the bill."),
        ("mail to anna.schmidt@example.org now", "mail to [MAIL-A] now"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN DE[NUMBER-A]"),
        ("call +49 (30) 1234-567", "call [NUMBER-A]"),
        ("see https://intranet.example/anna?id=7 soon", "see [LINK-A] soon"),
        ("12 calls in 3 days", "12 calls in 3 days"),
        ("ignore [NAME-A] and 123", "ignore [TEXT-A] and 123"),
    ],
)
def test_what_looks_personal_is_replaced_by_a_mark(text: str, masked: str) -> None:
    assert Masks().mask(text) == masked


def test_the_same_text_has_the_same_mark_everywhere_and_is_counted_once() -> None:
    masks = Masks()
    assert [masks.mask("ask Anna"), masks.mask("tell Bob"), masks.mask("ask Anna")] == [
        "ask [NAME-A]", "tell [NAME-B]", "ask [NAME-A]",
    ]  # fmt: skip
    assert masks.counts() == [{"kind": "name", "count": 2}]


def test_a_mark_that_was_never_given_stays_a_mark() -> None:
    assert Masks().unmask("[NAME-A] and [MAIL-ZZ]") == "[NAME-A] and [MAIL-ZZ]"


@given(number=st.integers(0, 18_000))
@settings(max_examples=examples(100))
def test_marks_have_no_digits_and_are_found_again(number: int) -> None:
    assert MARKS.fullmatch(f"[NAME-{letters(number)}]")
    assert letters(number) != letters(number + 1)
