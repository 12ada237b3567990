"""What models write beside the analyses: marked, held to its source, masked, and left out where nobody may be asked."""

import json
from typing import Any

import pytest

from environment.model_access import ProviderName
from tests.injection_corpus import CORPUS, Injection
from tests.model_stub import NAMES, ModelStub, model_stub
from tests.written_uses import REQUEST, USES, Json, Use, context, run, said
from workers.agents import AGENTS
from workers.agents.written.prose import figures_in
from workers.contract import Missing
from workers.errand import Errand, run_errand
from workers.models.grounding import is_plain
from workers.models.prompts import prompt

EACH = pytest.mark.parametrize("use", USES, ids=lambda use: str(use.agent))
OF = {use.agent: use for use in USES}


@pytest.fixture(scope="module")
def running() -> Any:
    with model_stub(**{name: [] for name in NAMES}) as stub:
        yield stub


@pytest.fixture
def stub(running: ModelStub) -> ModelStub:
    running.requests.clear()
    return running


def answers(stub: ModelStub, answer: Json, ended: str = "stop") -> ModelStub:
    """The stub, which now answers so for every provider."""
    stub.acts |= {name: [said(answer, ended)] for name in NAMES}
    return stub


@EACH
@pytest.mark.parametrize("name", NAMES)
def test_what_a_model_wrote_says_so_with_model_prompt_and_cost(use: Use, name: ProviderName, stub: ModelStub) -> None:
    result = run(use, answers(stub, use.good), context(), names=(name,))
    told = {key: result.content[key] for key in ("written_by", "provider", "prompt", "prompt_version", "calls")}
    assert told == {
        "written_by": "model", "provider": name, "prompt": use.prompt, "prompt_version": 1, "calls": 1,
    }  # fmt: skip
    assert len(result.content[use.listed]) > 0
    [call] = result.evidence["model_calls"]
    assert (call["outcome"], call["prompt"]) == ("answered", use.prompt)
    assert (call["cost_usd"] > 0) == (name != "compatible")
    assert stub.requests[0].instructions == prompt(use.prompt, 1).instructions
    assert "tools" not in stub.requests[0].body


@EACH
@pytest.mark.parametrize(
    ("changes", "access", "reason"),
    [
        ({"model_budget_usd": None}, {}, "switched_off"),
        ({"model_budget_usd": 0}, {}, "over_budget"),
        ({}, {"test_mode": True}, "test_mode"),
        ({}, {"names": ()}, "no_key"),
    ],
)
def test_where_nobody_may_be_asked_the_item_is_done_and_says_why(
    use: Use, changes: Json, access: Json, reason: str, stub: ModelStub
) -> None:
    result = run(use, stub, context() | changes, **access)
    assert (result.content["written_by"], result.content["reason"]) == ("nobody", reason)
    assert (result.content[use.listed], result.evidence["model_calls"], stub.requests) == ([], [], [])


@pytest.mark.parametrize(
    ("agent", "answer"),
    [
        *(("name_writer", {"names": [{"task": "A", "name": name}]})
          for name in ("Checking 3 invoices", "Half of invoices", "<b>check</b>", "Holiday plans", "check [NAME-A]")),
        ("name_writer", {"names": [{"task": "Z", "name": "check invoice"}]}),
        ("name_writer", {"names": [{"task": "A", "name": "check"}, {"task": "A", "name": "check it"}]}),
        ("category_writer", {"placed": [{"task": "A", "category": "Z", "confidence_percent": 99}]}),
        ("category_writer", {"placed": [{"task": "Z", "category": "A", "confidence_percent": 99}]}),
        ("category_writer", {"placed": [{"task": "A", "category": "A", "confidence_percent": 101}]}),
        ("category_writer", {"placed": [{"task": "A", "category": "A", "confidence_percent": 9}] * 2}),
        *(("requirements_writer", {"requirements": [{"text": text, "sentence": sentence}]}) for text, sentence in (
            ("The list loads fast", "It must load within 2 seconds."),
            ("The list loads within 2 seconds", "It must load within 3 seconds."),
            ("The list loads within 3 hours", "It must load within 3 seconds."),
            ("Nobody is to be paid", "It must load within 3 seconds."),
            ("The load is twice as fast", "It must load within 3 seconds."))),
        ("test_writer", {"tests": [{"requirement": 2, "title": "A title", "steps": ["Do it"], "expected": "It is"}]}),
        ("test_writer", {"tests": [{"requirement": 1, "title": "A title", "steps": ["Add 7"], "expected": "It is"}]}),
        ("test_writer", {"tests": [{"requirement": 1, "title": "A title", "steps": [], "expected": "It is"}]}),
        ("draft_writer", {"steps": [{"requirement": 1, "input": "see https://x.example", "what_happens": "They go",
                                     "result": "A list", "what_can_go_wrong": "Nothing"}]}),
    ],
)  # fmt: skip
def test_an_answer_that_goes_beyond_its_source_is_refused_as_a_whole(agent: str, answer: Json, stub: ModelStub) -> None:
    result = run(OF[agent], answers(stub, answer), context())
    assert (result.content["written_by"], result.content["reason"]) == ("nobody", "no_answer")
    assert [call["outcome"] for call in result.evidence["model_calls"]] == ["invalid"]


@EACH
def test_personal_data_do_not_leave(use: Use, stub: ModelStub) -> None:
    text = "please call Anna Schmidt (a.s@example.org, +49 30 1234567) about the invoice"
    run(use, answers(stub, use.good), context(text))
    assert "[NAME-" in stub.requests[0].data
    assert not [word for word in ("Schmidt", "example.org", "1234567") if word in stub.requests[0].data]


def test_a_quoted_sentence_has_its_names_again_and_stands_in_the_request(stub: ModelStub) -> None:
    request = "The list goes to Anna Schmidt. It must load within 3 seconds."
    entry = {"text": "The list reaches [NAME-A]", "sentence": "The list goes to [NAME-A]"}
    result = run(
        OF["requirements_writer"], answers(stub, {"requirements": [entry]}), {**context(), "request_text": request}
    )
    [found] = result.content["requirements"]
    assert (found["text"], found["source_sentence"]) == (
        "The list reaches Anna Schmidt.",
        "The list goes to Anna Schmidt.",
    )
    assert found["source_sentence"] in request


def test_a_request_that_is_too_long_is_not_read_in_part(stub: ModelStub) -> None:
    result = run(OF["requirements_writer"], stub, {**context(), "request_text": REQUEST * 300})
    assert (result.content["reason"], stub.requests) == ("too_long", [])


# -- rows without a clear category -------------------------------------------------------------------
def placed(suggested: Json, **more: Any) -> Any:
    """What the agent that asks a person makes of a suggestion."""
    given = {"deliverables": {"suggested_categories": suggested}, **more}
    return run_errand(Errand("placing_worker", AGENTS["placing_worker"].run.__module__, given), lambda *_: None)


def test_sure_choices_are_marked_and_all_others_are_one_question(stub: ModelStub) -> None:
    suggested = run(OF["category_writer"], answers(stub, OF["category_writer"].good), context()).content
    [sure] = suggested["placed"]
    assert (sure["text"], sure["category"], sure["rows"], sure["minutes"], sure["put_by"]) == (
        "reconcile supplier account", "Payables", 2, 60.0, "model",
    )  # fmt: skip
    with pytest.raises(Missing) as raised:
        placed(suggested)
    [(field, schema)] = raised.value.fields.items()
    [(key, part)] = schema["properties"].items()
    assert (part["title"], part["enum"]) == ("sort things", ["Closing", "Payables"])
    tasks = placed(suggested, **{field: {key: "Closing"}}).content["tasks"]
    assert [(task.get("category"), task["put_by"]) for task in tasks] == [("Payables", "model"), ("Closing", "person")]
    for answer in ({}, {key: "Holidays"}):
        tasks = placed(suggested, **{field: answer}).content["tasks"]
        assert [(task.get("category"), task["put_by"]) for task in tasks] == [("Payables", "model"), (None, "nobody")]


def test_the_bound_of_confidence_can_be_set_and_nobody_is_asked_about_what_nobody_chose(stub: ModelStub) -> None:
    lax = run(
        OF["category_writer"],
        answers(stub, OF["category_writer"].good),
        context() | {"category_confidence_percent": 30},
    )
    assert (len(lax.content["placed"]), lax.content["unclear"]) == (2, [])
    silent = run(OF["category_writer"], stub, context() | {"model_budget_usd": None})
    assert placed(silent.content).content["tasks"] == []


def test_a_question_about_many_long_tasks_keeps_to_the_size_of_a_schema() -> None:
    unclear = [{"key": f"t_{n}", "text": f"{n} " + "ü" * 190, "rows": 1, "minutes": 1.0} for n in range(40)]
    names = [f"{n} " + "ö" * 90 for n in range(20)]
    with pytest.raises(Missing) as raised:
        placed({"written_by": "model", "placed": [], "unclear": unclear, "categories": names})
    [schema] = raised.value.fields.values()
    assert 0 < len(schema["properties"]) < 12


# -- hostile texts -----------------------------------------------------------------------------------
@EACH
@pytest.mark.parametrize("injection", CORPUS, ids=lambda injection: str(injection.name))
def test_a_model_that_obeys_a_hostile_text_changes_no_figure_and_calls_nothing(
    use: Use, injection: Injection, stub: ModelStub
) -> None:
    given = context(injection.text)
    before = repr(given["deliverables"])
    obeyed = use.with_text(injection.obeyed, injection.text)
    result = run(use, answers(stub, obeyed, "tool" if injection.calls_tool else "stop"), given)
    [sent] = stub.requests
    assert sent.instructions == prompt(use.prompt, 1).instructions
    assert set(json.loads(sent.data)) == use.data_keys
    assert ("tools" in sent.body, repr(given["deliverables"])) == (False, before)
    shown = texts_in(result.content[use.listed])
    known = {figure.value for figure in figures_in(injection.text)} | {1.0}
    assert {figure.value for text in shown for figure in figures_in(text)} <= known
    assert all(is_plain(text) for text in shown if text != injection.text)
    if injection.calls_tool or use.agent in ("name_writer", "category_writer"):
        assert result.content["written_by"] == "nobody"


def texts_in(content: Any) -> list[str]:
    """Every text that a model wrote in the list; the quoted sentence is the requester's own."""
    if isinstance(content, dict):
        return [text for key, value in content.items() if key != "source_sentence" for text in texts_in(value)]
    if isinstance(content, list):
        return [text for value in content for text in texts_in(value)]
    return [content] if isinstance(content, str) else []
