"""A figure counts as named when the whole word is there, in any case."""

import pytest

from clarifications.gates import first_mentioned_word

WORDS = ["kpi", "kpis", "key figure"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Improve our KPI.", "kpi"),
        ("(kpi)", "kpi"),
        ("KPIs are down", "kpis"),
        ("Which Key Figure?", "key figure"),
        ("a kpitan", ""),
        ("skpi", ""),
        ("the key of a figure", ""),
        ("KPI-driven", "kpi"),
        ("", ""),
    ],
)
def test_the_first_word_that_the_text_holds_is_found(text: str, word: str) -> None:
    assert first_mentioned_word(text, WORDS) == word


def test_a_word_with_signs_in_it_is_taken_literally() -> None:
    assert first_mentioned_word("What is our c++ share?", ["c.."]) == ""
    assert first_mentioned_word("What is our c.. share?", ["c.."]) == "c.."
