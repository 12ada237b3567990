"""Why an item waits, and what was answered, is said in the reader's language."""

import pytest
from django.utils.translation import override

from clarifications.models import Question
from clarifications.reading_questions import REASON
from clarifications.wording import answer_in_words, why_it_waits, with_full_stop

UNIT = "In which unit are the numbers of “%(name)s”?"
ABOUT_UNIT = Question(
    kind=Question.Kind.INPUT,
    title=UNIT % {"name": "Time Spent"},
    schema={"x_phrase": {"template": UNIT, "values": {"name": "Time Spent"}}},
)
APPROVAL = Question(kind=Question.Kind.APPROVAL, title="Approve the work of “Collect requirements”?", schema={})


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (f"{ABOUT_UNIT.title}: {REASON}", "Dans quelle unité sont les nombres de « Time Spent » ? : Le fichier"),
        (APPROVAL.title, "Approuver le travail de « Recueillir les exigences » ?"),
        ("Ann said: no", "Ann said: no"),
    ],
)
def test_an_items_reason_is_said_by_the_question_that_it_names(reason: str, told: str) -> None:
    with override("fr"):
        assert why_it_waits(reason, [ABOUT_UNIT, APPROVAL]).replace("\u00a0", " ").startswith(told)


def test_the_answer_to_an_approval_is_said_in_words() -> None:
    with override("fr"):
        rejected = {"approved": False, "notes": "Shorter."}
        assert answer_in_words(APPROVAL, rejected).replace("\u00a0", " ").replace("\u202f", " ") == "Non « Shorter. »"
        assert answer_in_words(APPROVAL, {"approved": True}) == "Oui"
        assert answer_in_words(ABOUT_UNIT, "s") == "s"


@pytest.mark.parametrize(
    ("words", "ended"), [("Shorter", "Shorter."), ("“Shorter.”", "“Shorter.”"), ("“Shorter”", "“Shorter”.")]
)
def test_a_quoted_sentence_gets_no_second_full_stop(words: str, ended: str) -> None:
    assert with_full_stop(words) == ended
