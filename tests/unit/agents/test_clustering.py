"""Texts that mean the same task, told from others in seven languages."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.spreadsheets.rows import Row
from tests.unit.agents.labelled_tasks import labelled_texts, purity
from workers.agents import recurrence
from workers.agents.analysis import spelling
from workers.agents.recurrence import normal_form, recurrence_of

WORDS = st.sampled_from(
    [
        "check",
        "Check",
        "invoice",
        "invoices",
        "invoce",
        "Müller",
        "Meier",
        "with",
        "4711",
        "2024-03-01",
        "the",
        "e-mail",
    ]
)


def row(text: str, person: str = "") -> Row:
    told: Row = {"text": text, "category": "", "estimated_minutes": 1.0}
    return {**told, "person": person} if person else told


def groups(*texts: str) -> int:
    return len(recurrence_of([row(text) for text in texts]).groups)


@pytest.mark.parametrize(
    "texts",
    [
        ("Invoice 4711 Müller", "Invoice 4712 Meier"),
        ("Check INV-4711", "Check INV-4712"),
        ("Report January 2025", "Report Februar 2026"),
        ("Forecast Q1", "Forecast Q3"),
        ("Call Mr Smith", "Call Mrs Jones"),
        ("Anruf bei Herrn Müller", "Anruf bei Frau Meier"),
        ("Rechnung Nr. 4711 prüfen", "Rechnung 4712 prüfen"),
        ("Facture n° 471 à payer", "Facture 472 à payer"),
        ("E-mail to the bank", "Email to the bank"),
        ("Überweisung prüfen", "U\u0308berweisung pruefen".replace("ue", "ü")),
    ],
)
def test_numbers_dates_and_names_do_not_part_a_task(texts: tuple[str, str]) -> None:
    assert groups(*texts) == 1


@pytest.mark.parametrize(
    "texts",
    [
        ("Bericht Umsatz 2025", "Bericht Kosten 2025"),
        ("Auftrag 471 Montage", "Auftrag 472 Montage", "Auftrag 473 Demontage", "Auftrag 474 Demontage", "Montage"),
        ("B2B call", "C4D call"),
        ("Update contract", "Update license"),
        ("Import Orders", "Import Customers"),
        ("Rapport 2024 ventes", "Rapport 2024 achats"),
    ],
)
def test_words_that_are_no_names_part_tasks(texts: tuple[str, ...]) -> None:
    assert groups(*texts) > 1


def test_a_name_after_a_preposition_is_told_by_how_many_stand_there() -> None:
    names = ["Anna", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Gina", "Hugo"]
    assert groups(*(f"Call with {name}" for name in names)) == 1
    assert groups(*(f"Call with {name}" for name in names[:3])) == 3


def test_the_names_of_the_people_in_the_file_do_not_part_a_task() -> None:
    texts = ["Review by Lovelace", "Review by Turing"]
    assert groups(*texts) == 2
    people = ["Ada Lovelace", "Alan Turing"]
    found = recurrence_of([row(text, person) for text, person in zip(texts, people, strict=True)])
    assert [task.fingerprint for task in found.groups] == ["review by"]


def test_two_words_of_many_texts_are_not_taken_for_a_misspelling() -> None:
    tasks = [f"{verb} {thing}" for verb in ("sign", "send", "scan", "copy") for thing in ("contract", "contact")]
    assert groups(*tasks) == len(tasks)


def test_groups_of_labelled_texts_are_pure_and_complete() -> None:
    texts = labelled_texts(5_000)
    pure, complete = purity(recurrence_of([row(text) for text, _task in texts]), texts)
    assert pure > 0.9995
    assert complete > 0.99


@given(st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), max_size=15), st.randoms())
def test_the_order_of_the_rows_decides_nothing(texts: list[str], generator: random.Random) -> None:
    expected = recurrence_of([row(text) for text in texts])
    assert recurrence_of([row(text) for text in generator.sample(texts, len(texts))]) == expected
    assert sum(group.count for group in expected.groups) == len(texts)


@given(st.text(max_size=60))
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    form = normal_form(normal_form(text))
    assert normal_form(form) == form


def test_texts_that_all_share_their_keys_are_grouped_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def ratio(*args: object, **options: object) -> float:
        nonlocal compared
        compared += 1
        return 0.0

    monkeypatch.setattr(spelling.fuzz, "ratio", ratio)
    number = 1_500
    spelling.leaders_of_words({f"aaaaaa{n:05}": 1 for n in range(number)})
    assert compared <= number * spelling.MOST_IN_BLOCK


def test_rarer_forms_than_can_be_compared_are_said_to_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrence, "MOST_COMPARED", 2)
    texts = ["pay bank", "pay bank", "call client", "call client", "cal client"]
    found = recurrence_of([row(text) for text in texts])
    assert (found.limited, len(found.groups)) == (True, 3)
