"""An answer whose process dies before or after its commit can be given again, and takes effect once."""

import pytest

from backlog.models import Item
from backlog.states import ItemState
from clarifications.models import Answer, Question, QuestionStatus
from events.models import Event
from tests.flows import answer, put, request, template
from tests.processes import killed_at, start
from tests.system import system
from tests.tally import FLOWS, Tally
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Of these the process that answers is killed.
KILLED = FLOWS // 4
# Step → exit code of the same command given again: accepted now, or refused as a second answer.
STEPS = {"unit.before_commit": 0, "unit.after_commit": 1}
NEEDS = {
    "type": "object",
    "required": ["hourly_rate"],
    "properties": {"hourly_rate": {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0}},
}


def waiting_for_a_rate() -> str:
    """A template of two items that lack the same figure."""
    one = {"key": "one", "title": "One", "agent_target": "generic_worker", "needs": NEEDS}
    return template(one, {**one, "key": "two", "title": "Two"})


def exit_code(*command: str) -> int | None:
    """How the command ends."""
    process = start(*command)
    process.join()
    return process.exitcode


def items_done() -> int:
    """Grows when an answer has freed what waited for it."""
    return Item.objects.filter(state=ItemState.DONE).count()


@pytest.mark.parametrize(("step", "again"), STEPS.items())
def test_an_answer_killed_at_its_commit_and_given_again_frees_its_items_once(
    step: str, again: int, tally: Tally, haste: None
) -> None:
    name = waiting_for_a_rate()
    tally.attempted, tally.life = len(put(*(request(name) for _ in range(FLOWS)))), items_done
    with system():
        wait_until(lambda: Question.objects.filter(status=QuestionStatus.OPEN).count() == FLOWS)
        questions = list(Question.objects.all())
        for question in questions[:KILLED]:
            killed_at(step, "answer", str(question.pk), "45", tally=tally, arrivals=[1])
            assert exit_code("answer", str(question.pk), "46") == again
        for question in questions[KILLED:]:
            answer(question, 45)
        tally.wait_for_rest()
    assert Answer.objects.count() == FLOWS
    assert Event.objects.filter(type="BACKLOG.ITEM_UNBLOCKED").count() == 2 * FLOWS
    assert Item.objects.filter(attempts=1).count() == items_done() == 2 * FLOWS
