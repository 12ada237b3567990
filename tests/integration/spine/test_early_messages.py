"""A message about a project whose request still stands in the queue waits, and is buried when none comes."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from backlog.models import Item, Project
from events.models import Attempt, DeadLetter
from tests.flows import envelope, opened, put, tell
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


@pytest.fixture(autouse=True)
def retried_at_once(settings: Settings) -> None:
    """An entry that failed is due again at once."""
    settings.RETRY_DELAY_SECONDS = 0


def started(project_id: UUID, item_id: UUID) -> dict[str, Any]:
    """WORK.ITEM_STARTED about an item."""
    return envelope("WORK.ITEM_STARTED", {"project_id": str(project_id), "backlog_item_id": str(item_id)})


def test_a_message_that_comes_before_its_project_has_its_effect_once_the_project_is_there() -> None:
    model = opened()
    project_id, item_id = uuid4(), uuid4()
    tell(started(project_id, item_id))
    assert (Attempt.objects.count(), DeadLetter.objects.count()) == (1, 0)
    item = Item.objects.get(project=model)
    Item.objects.filter(pk=item.pk).delete()
    Project.objects.filter(pk=model.pk).update(title="gone")
    Project.objects.create(id=project_id, title="late", template=model.template, opened_at=model.opened_at)
    item.pk, item.project_id = item_id, project_id
    item.save(force_insert=True)
    run_to_rest()
    assert Item.objects.get(pk=item_id).started_at is not None
    assert (Attempt.objects.count(), DeadLetter.objects.count()) == (0, 0)


def test_a_message_whose_project_never_comes_is_buried_in_the_end() -> None:
    put(started(uuid4(), uuid4()))
    for _ in range(6):
        run_to_rest()
    letter = DeadLetter.objects.get()
    assert (letter.error_class, letter.attempts) == ("UnknownProject", 5)
