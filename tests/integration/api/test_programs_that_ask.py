"""A program asks a person, or for an approval: the answer is typed, comes once, and never from the program itself."""

from typing import Any

import pytest

from accounts.audit import AuditRecord
from accounts.roles import ANSWERER, OPERATOR, REQUESTER
from backlog.models import Item, Project
from tests.callers import Caller, key_of, machine, person

pytestmark = [pytest.mark.django_db, pytest.mark.spine]

WHICH = {
    "title": "Which invoice is the right one?",
    "schema": {"type": "string", "enum": ["INV-17", "INV-18"]},
    "reason": "Both have the amount that was paid.",
}
REFUND = {"title": "Refund 100% of order 4711?", "reason": "It is above the limit."}


@pytest.fixture
def agent() -> Caller:
    """An agent's machine account with every scope: only the rules of questions stand in its way."""
    return machine("agent", OPERATOR)


def asked(caller: Caller, path: str = "questions", body: dict[str, Any] = WHICH, **headers: str) -> dict[str, Any]:
    """Return the question that the caller asked."""
    answer = caller.post(path, body, headers=headers)
    assert answer.status_code == 201, answer.json()
    assert answer.headers["Location"] == f"/api/v1/questions/{answer.json()['id']}"
    return dict(answer.json())


def refusals() -> list[tuple[str, str, int]]:
    """Return who was refused which decision, and how often."""
    rows = AuditRecord.objects.filter(action="decision-refused").order_by("pk")
    return [(row.actor.split(" ")[0], row.target.rsplit("/", 1)[1], row.count) for row in rows]


def test_a_person_answers_what_a_program_asks_and_the_program_reads_the_typed_answer() -> None:
    agent, ann = machine("agent", REQUESTER, "read", "projects"), person("ann", ANSWERER)
    question = asked(agent)
    assert (question["status"], question["asked_by"], question["answer"]) == ("OPEN", "agent", None)
    assert question["id"] in [row["id"] for row in ann.get("questions", whose="waiting").json()["results"]]
    path = f"questions/{question['id']}"
    wrong = ann.post(f"{path}/answer", {"answer": "INV-19"})
    assert (wrong.status_code, agent.get(path).json()["status"]) == (422, "OPEN")
    assert ann.post(f"{path}/answer", {"answer": "INV-18"}).status_code == 200
    read = agent.get(path).json()
    assert (read["status"], read["answer"]["value"], read["answer"]["answered_by"]) == ("ANSWERED", "INV-18", "ann")
    assert ann.post(f"{path}/answer", {"answer": "INV-17"}).status_code == 409
    item = Item.objects.get(project=question["project"])
    assert (item.state, item.agent_target) == ("IN_PROGRESS", "generic_worker")


def test_the_same_idempotency_key_asks_once(agent: Caller) -> None:
    first, second = (asked(agent, **{"idempotency-key": "run-7"}) for _ in range(2))
    assert (first["id"], Project.objects.count()) == (second["id"], 1)


def test_a_question_goes_to_the_group_that_it_names(agent: Caller) -> None:
    assert asked(agent, body={**WHICH, "to": ANSWERER})["assigned_group"] == ANSWERER
    refused = agent.post("questions", {**WHICH, "to": "nobody"})
    assert (refused.status_code, Project.objects.count()) == (422, 1)


@pytest.mark.parametrize(
    "schema", [{"type": "string", "pattern": "(a+)+$"}, {"x_pointer": "/deliverables/x"}, {"type": 7}]
)
def test_a_schema_that_nobody_can_be_asked_for_opens_nothing(agent: Caller, schema: dict[str, Any]) -> None:
    refused = agent.post("questions", {**WHICH, "schema": schema})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:interlock:problem:schema-refused")
    assert not Project.objects.exists()


def test_an_approval_is_given_by_another_person_and_never_by_who_asked(agent: Caller) -> None:
    ann = person("ann", ANSWERER)
    mine, theirs = asked(key_of(ann, "projects"), "approvals", REFUND), asked(agent, "approvals", REFUND)
    assert (theirs["kind"], theirs["title"]) == ("approval", REFUND["title"])
    assert agent.post(f"approvals/{theirs['id']}/approve").status_code == 403
    assert agent.post(f"approvals/{theirs['id']}/approve").status_code == 403
    assert agent.post(f"questions/{theirs['id']}/answer", {"answer": {"approved": True}}).status_code == 404
    assert ann.post(f"approvals/{mine['id']}/approve").status_code == 403
    assert ann.post(f"approvals/{theirs['id']}/reject", {"notes": "Ask the customer."}).status_code == 200
    decided = agent.get(f"questions/{theirs['id']}").json()
    assert decided["answer"]["value"] == {"approved": False, "notes": "Ask the customer."}
    assert refusals() == [("agent", "approve", 2), ("ann", "approve", 1)]
    assert Item.objects.get(project=theirs["project"]).state == "IN_PROGRESS"


def test_a_machine_does_not_answer_what_it_asked_itself(agent: Caller) -> None:
    path = f"questions/{asked(agent)['id']}"
    refused = agent.post(f"{path}/answer", {"answer": "INV-18", "relayed_by_agent": True})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:interlock:problem:own-question")
    assert (agent.get(path).json()["status"], refusals()) == ("OPEN", [("agent", "answer", 1)])
    assert machine("other", OPERATOR).post(f"{path}/answer", {"answer": "INV-18"}).status_code == 200


def test_a_machine_does_not_answer_what_it_asked_about_work_that_it_held(agent: Caller) -> None:
    agent.post("projects", {"request_text": "Three steps, please.", "template": "minimal"})
    lease = agent.post("work/lease", {"agent": "generic_worker"}).json()["items"][0]["lease"]
    need = {"reason": "Unclear.", "fields": {"colour": {"type": "string", "title": "Which colour?"}}}
    [question] = agent.post(f"work/{lease}/ask", need).json()["questions"]
    assert agent.post(f"questions/{question}/answer", {"answer": "red"}).status_code == 403
    assert person("ann", ANSWERER).post(f"questions/{question}/answer", {"answer": "red"}).status_code == 200


def test_an_answer_that_an_agent_passes_on_for_its_person_says_so() -> None:
    rita = person("rita", REQUESTER)
    key = key_of(rita, "read", "projects", "questions")
    question = asked(key)
    answered = key.post(f"questions/{question['id']}/answer", {"answer": "INV-17", "relayed_by_agent": True}).json()
    assert (answered["answer"]["answered_by"], answered["answer"]["door"]) == ("rita", "agent")
    provenance = rita.get(f"projects/{question['project']}/context").json()["provenance"]["answer"]
    assert (provenance["by"], provenance["door"]) == ("rita", "agent")


def test_a_program_without_the_scope_asks_nobody() -> None:
    reader = machine("reader", OPERATOR, "read")
    assert reader.post("questions", WHICH).status_code == 403
    assert not Project.objects.exists()
