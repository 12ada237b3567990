"""An endpoint is told of what its owner may see, and of nothing else."""

from typing import Any

import pytest

from accounts.models import User
from tests.receivers import Receiver, happened, project_of, requester
from webhooks.delivery import Deliverer, create_deliveries
from webhooks.errors import UnseenProject
from webhooks.models import Delivery
from webhooks.selectors import endpoints_for
from webhooks.services import register_endpoint

pytestmark = [pytest.mark.spine, pytest.mark.django_db]


def test_other_peoples_projects_and_events_of_none_are_never_told(receiver: Receiver) -> None:
    rita = requester("rita")
    register_endpoint(rita, url=receiver.url)
    own, other = project_of("rita"), project_of("remy")
    happened(1, project_id=own.pk)
    happened(2, project_id=other.pk)
    happened(3)
    happened(4, project_id=own.pk)
    Deliverer().once()
    assert receiver.figures == [1, 4]
    assert Delivery.objects.count() == 2


def test_events_of_no_project_are_told_to_those_who_may_view_events(receiver: Receiver) -> None:
    olga = requester("olga", "view_event", "view_project")
    register_endpoint(olga, url=receiver.url)
    happened(1)
    happened(2, project_id=project_of("remy").pk)
    Deliverer().once()
    assert receiver.figures == [1, 2]


def test_only_the_chosen_project_and_types_are_told(receiver: Receiver, owner: User) -> None:
    chosen, other = project_of("rita"), project_of("rita")
    register_endpoint(owner, url=receiver.url, project_id=chosen.pk, types=["PROJECT.*", "WORK.ITEM_FAILED"])
    happened(1, project_id=chosen.pk, kind="PROJECT.COMPLETED")
    happened(2, project_id=other.pk, kind="PROJECT.COMPLETED")
    happened(3, project_id=chosen.pk, kind="WORK.ITEM_STARTED")
    happened(4, project_id=chosen.pk, kind="WORK.ITEM_FAILED")
    Deliverer().once()
    assert receiver.figures == [1, 4]


def test_what_waits_is_not_sent_once_the_owner_may_not_see_it(receiver: Receiver) -> None:
    rita = requester("rita")
    endpoint = register_endpoint(rita, url=receiver.url)
    project = project_of("rita")
    receiver.status = 500
    happened(1, project_id=project.pk)
    Deliverer().once()
    project.owner = None
    project.save(update_fields=["owner"])
    endpoint.refresh_from_db()
    endpoint.next_attempt_at = None
    endpoint.save(update_fields=["next_attempt_at"])
    Deliverer().once()
    assert len(receiver.requests) == 1
    assert endpoint.deliveries.get().state == Delivery.State.GIVEN_UP


def test_nothing_is_told_to_somebody_who_has_left(receiver: Receiver, owner: User) -> None:
    register_endpoint(owner, url=receiver.url)
    owner.is_active = False
    owner.save(update_fields=["is_active"])
    happened(1)
    Deliverer().once()
    assert receiver.requests == []


def test_a_project_that_the_owner_may_not_see_is_refused() -> None:
    rita = requester("rita")
    with pytest.raises(UnseenProject, match="rita may see"):
        register_endpoint(rita, url="https://example.org/", project_id=project_of("remy").pk)


def test_people_see_their_own_endpoints_unless_they_may_view_all(receiver: Receiver, owner: User) -> None:
    rita = requester("rita")
    own = register_endpoint(rita, url=receiver.url)
    other = register_endpoint(owner, url=receiver.url)
    assert set(endpoints_for(rita)) == {own}
    assert set(endpoints_for(owner)) == {own, other}


@pytest.mark.both
def test_a_batch_is_decided_with_as_many_queries_as_one_event(
    receiver: Receiver, django_assert_max_num_queries: Any
) -> None:
    rita = requester("rita")
    endpoint = register_endpoint(rita, url=receiver.url)
    events = [*happened(*range(50), project_id=project_of("rita").pk), *happened(51)]
    with django_assert_max_num_queries(8):
        create_deliveries(endpoint, events[-1].seq)
    assert endpoint.deliveries.count() == 50
