"""Requirements, and the plan made from them."""

import time
from collections.abc import Callable

import pytest

from workers.agents import AGENTS
from workers.agents.sentences import sentences_of
from workers.contract import Contradiction, Missing, Result, missing_inputs

Run = Callable[..., Result]

REQUEST = """Hello there. Please find out, e.g. by interviews, where time is lost. The report must fit one page.
- Results shall be sent monthly
- Who pays? The budget is TBD."""


def test_requirements_are_numbered_each_with_its_sentence(run: Run) -> None:
    content = run("requirements_manager", request_text=REQUEST).content
    assert [(r["number"], r["text"]) for r in content["requirements"]] == [
        (1, "Find out, e.g. by interviews, where time is lost"),
        (2, "The report must fit one page"),
        (3, "Results shall be sent monthly"),
    ]
    assert content["requirements"][0]["source_sentence"] == "Please find out, e.g. by interviews, where time is lost."


@pytest.mark.parametrize(
    ("demand", "remark"),
    [
        ("Le rapport doit tenir sur une page.", "Nous sommes une petite équipe."),
        ("Veuillez indiquer les tâches répétées.", "Voici la liste de nos tâches."),
        ("Il faudrait réduire le travail manuel.", "Le travail manuel dure longtemps."),
        ("Bitte prüfen Sie die Rechnungen.", "Die Rechnungen liegen im Ordner."),
        ("Der Bericht muß auf eine Seite passen.", "Der Bericht ist lang."),
        ("El informe deberá caber en una página.", "El equipo es pequeño."),
        ("Analice las tareas repetidas.", "Las tareas son repetidas."),
        ("Il rapporto dovrebbe stare in una pagina.", "Il rapporto è lungo e preciso."),
        ("Por favor, verifique as faturas.", "As faturas estão na pasta."),
        ("Precisamos de menos trabalho manual.", "O trabalho manual demora."),
        ("Het rapport moet op één pagina passen.", "Het rapport is lang."),
        ("Vergelijk de twee maanden.", "De twee maanden waren druk."),
    ],
)
def test_a_demand_in_another_language_is_told_from_a_remark(run: Run, demand: str, remark: str) -> None:
    content = run("requirements_manager", request_text=f"{remark}\n{demand}").content
    assert [r["source_sentence"] for r in content["requirements"]] == [demand]


@pytest.mark.parametrize(
    "point", ["Le délai reste à définir.", "Der Termin ist noch offen.", "El plazo está por definir."]
)
def test_what_is_open_in_another_language_is_an_open_point(run: Run, point: str) -> None:
    assert run("requirements_manager", request_text=f"Show it. {point}").content["open_points"] == [point]


def test_open_points_are_listed_and_not_asked(run: Run) -> None:
    assert run("requirements_manager", request_text=REQUEST).content["open_points"] == [
        "Who pays?",
        "The budget is TBD.",
    ]


def test_a_request_that_demands_nothing_is_the_requirement_itself(run: Run) -> None:
    content = run("requirements_manager", request_text="Where does our time go?").content
    assert [r["text"] for r in content["requirements"]] == ["Where does our time go?"]


def test_what_reviewers_noted_is_a_requirement_too(run: Run) -> None:
    content = run("requirements_manager", request_text="Build it.", notes=["Name the owner."]).content
    assert [(r["text"], r["source"]) for r in content["requirements"]] == [
        ("Build it", "request"),
        ("Name the owner", "review"),
    ]


@pytest.mark.parametrize("text", ["", "   "])
def test_only_an_empty_request_is_asked_for(text: str) -> None:
    assert list(missing_inputs(AGENTS["requirements_manager"], {"request_text": text})) == ["request_text"]
    assert missing_inputs(AGENTS["requirements_manager"], {"request_text": "x"}) == {}


def test_a_very_long_request_stays_small_enough_to_deliver(run: Run) -> None:
    content = run("requirements_manager", request_text="It must work. " * 300 + "It must " + "x" * 9000).content
    assert len(content["requirements"]) == 200
    assert content["left_out"] == 101


def test_a_plan_has_a_step_for_each_requirement_and_says_that_it_is_a_plan(run: Run) -> None:
    analysis = run("requirements_manager", request_text=REQUEST).content
    content = run("dev_worker", deliverables={"requirements_analysis": analysis}, notes=["Shorter."]).content
    assert content["coverage"] == {"requirements": 3, "covered": 3, "uncovered": 0}
    assert [a["name"] for a in content["artifacts"]] == [
        "work_plan.md",
        *(f"step_00{n}.md" for n in (1, 2, 3)),
        "acceptance_tests.md",
    ]
    assert "> Reviewer: Shorter." in content["artifacts"][0]["content"]
    assert "no running software" in content["summary"]


def test_a_plan_without_requirements_begins_with_the_request_or_asks_for_it(run: Run) -> None:
    assert run("dev_worker", request_text="Build a page.").content["coverage"]["requirements"] == 1
    with pytest.raises(Missing) as found:
        run("dev_worker")
    assert list(found.value.fields) == ["request_text"]


def test_requirements_with_the_same_number_are_a_contradiction(run: Run) -> None:
    twice = {"requirements_analysis": {"requirements": [{"number": 1, "text": "a"}, {"number": 1, "text": "b"}]}}
    with pytest.raises(Contradiction, match="no number or the same number"):
        run("dev_worker", deliverables=twice)


def test_an_item_without_a_special_agent_needs_nothing(run: Run) -> None:
    assert run("generic_worker").content == {"summary": "No other item delivered a result that this one could use."}
    told = run("generic_worker", title="Report", deliverables={"cost_analysis": {}})
    assert told.content == {"title": "Report", "summary": "Made with these results: cost_analysis."}
    assert told.evidence["deliverable"] == "generic_output"


def test_abbreviations_without_end_are_read_once() -> None:
    begun = time.process_time()
    assert len(sentences_of("see vs. " * 12_500)) == 1
    assert len(sentences_of("." * 100_000)) == 0
    assert time.process_time() - begun < 1.0
