"""What is sent to REST is judged by checks that notice: here each check meets a fault that is made on purpose."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from schemathesis.core.failures import FailureGroup

from accounts.roles import REQUESTER
from api import projects, questions
from api.rules import Rule
from backlog.models import Project
from tests.api_seeds import seeded
from tests.callers import anybody, person
from tests.fuzzing import Caller, credentials
from tests.integration.api import test_contract_of_the_api as contract_test
from tests.integration.api import test_role_matrix as matrix

pytestmark = [pytest.mark.django_db, pytest.mark.contract]
one_connection = contract_test.one_connection


# -- the matrix of roles ---------------------------------------------------------------------------
def wrong_cells(*calls: tuple[str, str]) -> str:
    """Return what the matrix says of these calls by nobody and by a requester."""
    made = {requester: matrix.made_for(requester) for requester in ("rita", "remy")}
    cells = matrix.calls_of_people(made, anybody(), {REQUESTER: person("rita", REQUESTER)})
    try:
        matrix.require_right_answers(cell for cell in cells if cell.call_of in calls)
    except AssertionError as error:
        return str(error)
    return ""


@pytest.fixture
def template() -> None:
    """The template of the matrix's projects."""
    matrix.add_version({"name": "matrix", "title": "Matrix", "items": [matrix.needy("one")]}, by="test")


LETTERS, PROJECT = ("GET", "dead-letters"), ("GET", "projects/<uuid:project_id>")


def test_nothing_is_found_where_nothing_is_wrong(template: None) -> None:
    assert wrong_cells(LETTERS, PROJECT) == ""


def test_a_rule_that_lets_everybody_in_is_found_out(template: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rule, "allows", lambda *_: True)
    assert "GET dead-letters, requester: 200" in wrong_cells(LETTERS)


def test_a_project_of_anothers_that_is_shown_is_found_out(template: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "projects_for", lambda _: Project.objects.all())
    assert "rita at another's: 200" in wrong_cells(PROJECT)


# -- the contract ----------------------------------------------------------------------------------
Breaks = Callable[[pytest.MonkeyPatch], None]


def answer_without_an_id(patch: pytest.MonkeyPatch) -> None:
    """Leave the id out of each question that is shown."""
    real = questions.shown_questions
    patch.setattr(questions, "shown_questions", lambda rows: [{**q, "id": None} for q in real(rows)])


def break_down(patch: pytest.MonkeyPatch) -> None:
    """Answer with a status that no document promises."""
    patch.setattr(questions.Questions, "get", lambda *_, **__: HttpResponse(status=500))


@pytest.fixture
def operator(db: None) -> Caller:
    """One of the contract's callers, who may see everything that there is."""
    name = "an operator's key"
    caller = Caller(name, credentials(name, "caller"))
    seeded("caller", "another")
    return caller


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("break_it", [answer_without_an_id, break_down])
def test_an_answer_that_the_document_does_not_allow_is_found_out(
    break_it: Breaks, operator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation: Any = contract_test.contract["/api/v1/questions"]["GET"]
    operator.call(operation.Case())
    break_it(monkeypatch)
    with pytest.raises(FailureGroup):
        operator.call(operation.Case())
