"""Which recurring tasks could be automated, by their words."""

from collections.abc import Callable
from typing import Any

import pytest

from workers.agents.analysis.automation import ABOUT_MEETING, is_meeting, kind_of_task, kinds_of_word
from workers.agents.analysis.task_words import ABOUT_MEETING_WORDS, WORDS_OF_KINDS
from workers.contract import Result

Run = Callable[..., Result]

LANGUAGES = {"en", "fr", "de", "es", "it", "pt", "nl"}


@pytest.mark.parametrize(
    "text",
    [
        *("Team meeting", "Daily stand-up", "1:1 with Anna", "Sprint planning meeting", "All-hands", "Weekly sync"),
        *("Teambesprechung", "Jour fixe", "Kundentermin", "Planungsbesprechung", "Réunion d'équipe", "Reunión semanal"),
        *("Riunione di reparto", "Reunião de equipa", "Werkoverleg", "Teamvergadering"),
    ],
)
def test_a_meeting_is_between_people(text: str) -> None:
    assert is_meeting(text, "")


@pytest.mark.parametrize(
    "text",
    [
        *("Write meeting minutes", "Book meeting room", "Prepare meeting", "Protokoll der Besprechung schreiben"),
        *("Planifier la réunion", "Notulen van de vergadering", "Ratio 1:1", "Zahlungstermin", "Nettoyage atelier"),
    ],
)
def test_work_about_a_meeting_is_none(text: str) -> None:
    assert not is_meeting(text, "")


def test_the_category_tells_a_meeting_too() -> None:
    assert is_meeting("Project Falcon", "Meetings")
    assert not is_meeting("Minutes of Falcon", "Meetings")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *(
            ("Enter orders", "data_entry"),
            ("Bestellungen erfassen", "data_entry"),
            ("Saisir les commandes", "data_entry"),
        ),
        *(("Introducir pedidos", "data_entry"), ("Inserire ordini", "data_entry"), ("Facturen invoeren", "data_entry")),
        *(
            ("Send reminders", "messaging"),
            ("Kundenanfrage beantworten", "messaging"),
            ("Llamada a cliente", "messaging"),
        ),
        *(("Search archive", "lookup"), ("Consulter le dossier", "lookup"), ("Pesquisar cliente", "lookup")),
        *(("Monthly report", "reporting"), ("Wochenbericht", "reporting"), ("Relatório mensal", "reporting")),
        *(("Check invoice", "rule_based"), ("Rechnung prüfen", "rule_based"), ("Verificare fattura", "rule_based")),
        *(("Assess fraud", "judgement"), ("Verhandlung mit Kunde", "judgement"), ("Négociation", "judgement")),
        ("Xyzzy", "repetitive"),
    ],
)
def test_a_task_is_of_the_kind_that_its_words_tell(text: str, kind: str) -> None:
    assert kind_of_task(text, "", 5, 50) == kind


def test_a_task_that_is_rare_in_a_long_list_is_not_worth_it() -> None:
    assert kind_of_task("Check invoice", "", 2, 101) == "rare"
    assert kind_of_task("Check invoice", "", 2, 100) == kind_of_task("Check invoice", "", 3, 101) == "rule_based"
    assert kind_of_task("Assess fraud", "", 2, 101) == "judgement"


def test_each_kind_has_words_in_each_language_and_each_word_is_found() -> None:
    for kind, words in {**WORDS_OF_KINDS, ABOUT_MEETING: ABOUT_MEETING_WORDS}.items():
        assert words.keys() == LANGUAGES
        for word in " ".join(words.values()).split():
            assert kind in kinds_of_word(word.replace("*", ""))
            assert word == word.lower()
            assert word.isascii()


def test_meetings_recur_but_count_as_nothing_that_could_be_avoided(run: Run) -> None:
    texts = ["Team meeting", "Team meeting", "Check invoice", "Check invoice", *(f"{c * 4} only" for c in "abcdefgh")]
    rows = [{"text": text, "category": "Office", "estimated_minutes": 30} for text in texts]
    content = run("friction_worker", rows=rows).content
    assert (content["recurring_count"], content["recurring_share"]) == (4, 33.33)
    assert (content["recurring_without_meetings"], content["avoidable_percent"]) == (2, 20.83)
    assert content["meetings"] == {"rows": 2, "minutes": 60.0, "percent": 16.67}
    codes = {cluster["sample_text"]: (cluster["automatable"], cluster["why"]) for cluster in content["clusters"]}
    assert codes == {"Team meeting": (False, "meeting"), "Check invoice": (True, "rule_based")}


def test_a_task_names_its_most_frequent_category_and_how_many_people_do_it(run: Run) -> None:
    def done(category: str, person: str | None) -> dict[str, Any]:
        return {"text": "Check invoice", "category": category, "estimated_minutes": 5, "person": person}

    rows = [done("Payables", "Ada"), done("Payables", "Alan"), done("Other", "Ada"), done("", None)]
    [cluster] = run("friction_worker", rows=rows).content["clusters"]
    assert (cluster["category"], cluster["people"]) == ("Payables", 2)
    [untold] = run("friction_worker", rows=[{"text": "Pay", "category": ""}] * 2).content["clusters"]
    assert not untold.keys() & {"category", "people"}
