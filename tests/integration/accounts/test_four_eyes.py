"""Four eyes: what FOUR_EYES names is only asked for, at every door, and carried out once, by somebody else."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.audit import AuditRecord
from accounts.models import AskedAct, User
from accounts.roles import ADMINISTRATOR, OPERATOR
from accounts.second_person.deciding import SecondPersonRefused
from backlog.models import Item
from backlog.states import ItemState
from backlog.waiving import waive_confirmed
from clarifications.models import Question
from events.models import Event
from privacy.erasing import ErasureRefused, erase_confirmed, erase_person
from runtime import pruning
from runtime.unconfirmed import UnconfirmedActs
from tests.callers import EVERY_SCOPE, Caller, account, key_of, person
from tests.flows import completed, dispatch_of, item_of, opened, step, tell

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

STRICT = {"checks": ["no_failed_checks"]}
Doors = dict[str, Callable[[Caller, Item], Any]]


@pytest.fixture(autouse=True)
def four_eyes(settings: Settings) -> None:
    """Two people decide of both acts."""
    settings.SIGN_IN = replace(settings.SIGN_IN, four_eyes=("waive", "erase"))
    settings.ITEM_RETRY_SECONDS = 3600


def failed_item() -> Item:
    """An item whose work was finished with evidence that does not do."""
    project = opened(step("only", done_when=STRICT, max_attempts=1))
    tell(completed(dispatch_of(project)))
    item = item_of(project)
    assert item.state == ItemState.FAILED
    return item


def posted(caller: Caller, address: str, **data: Any) -> Any:
    """POST to a page of the admin."""
    return caller.client.post(address, data)


def refused_command(*words: str) -> None:
    """Run a command, which says that it only asked."""
    with pytest.raises(CommandError, match=r"waits for a second person.*/admin/accounts/askedact/"):
        call_command(*words)


WAIVING: Doors = {
    "REST": lambda ann, item: ann.post(f"items/{item.pk}/waive", {"reason": "Fine."}),
    "REST with a key": lambda ann, item: key_of(ann, *EVERY_SCOPE).post(f"items/{item.pk}/waive", {"reason": "Fine."}),
    "REST once": lambda ann, item: ann.post(
        f"items/{item.pk}/waive", {"reason": "Fine."}, headers={"Idempotency-Key": "one"}
    ),
    "list": lambda ann, item: posted(
        ann, reverse("admin:backlog_item_changelist"), action="waive_items", _selected_action=item.pk, reason="Fine."
    ),
    "board": lambda ann, item: posted(
        ann, reverse("admin:backlog_project_change", args=[item.project_id]), act=f"waive:{item.pk}", reason="Fine."
    ),
    "command": lambda ann, item: refused_command("waive", str(item.pk), "--reason", "Fine."),
}


@pytest.mark.parametrize("door", WAIVING)
def test_at_no_door_does_one_person_waive_alone(door: str) -> None:
    item, ann = failed_item(), person("ann", OPERATOR)
    for _again in range(2):
        response = WAIVING[door](ann, item)
        if door.startswith("REST"):
            assert response.status_code == 409
            assert response.json()["type"].endswith("second-person-needed")
            assert "/admin/accounts/askedact/" in response.json()["detail"]
    asked = AskedAct.objects.get()
    assert (asked.state, asked.subject, asked.reason) == ("waiting", str(item.pk), "Fine.")
    assert Item.objects.get(pk=item.pk).state == ItemState.FAILED
    assert AuditRecord.objects.filter(action="act-asked").count() == 1


def test_an_approval_is_no_way_round_a_waiver() -> None:
    project = opened(step("only", approval="after", done_when=STRICT))
    tell(completed(dispatch_of(project), failed=1))
    question = Question.objects.get(project=project)
    page = reverse("admin:clarifications_question_change", args=[question.pk])
    typed = {"answer_approved": "true", "answer_notes": "Fine."}
    response = person("bob", OPERATOR).client.post(page, typed, follow=True)
    assert "nobody waives them alone" in response.content.decode()
    assert item_of(project).state == ItemState.IN_PROGRESS


def asked_for() -> tuple[AskedAct, Item, User]:
    """A waiver that ann asked for."""
    item, ann = failed_item(), person("ann", OPERATOR)
    ann.post(f"items/{item.pk}/waive", {"reason": "Fine."})
    return AskedAct.objects.get(), item, User.objects.get(username="ann")


def decided(caller: Caller, asked: AskedAct, decision: str) -> str:
    """The words of the list after a decision on the page."""
    page = reverse("admin:accounts_askedact_change", args=[asked.pk])
    return caller.client.post(page, {"decision": decision}, follow=True).content.decode()


def test_a_second_person_confirms_on_the_page_and_both_are_on_record() -> None:
    asked, item, ann = asked_for()
    ann.username = "anna"
    ann.save()
    first = Caller(ann)
    first.client.force_login(ann)
    assert "You asked for this yourself" in decided(first, asked, "confirm")
    assert Item.objects.get(pk=item.pk).state == ItemState.FAILED
    bob = person("bob", OPERATOR)
    assert (
        "Confirm and carry out"
        in bob.client.get(reverse("admin:accounts_askedact_change", args=[asked.pk])).content.decode()
    )
    assert "Confirmed and carried out" in decided(bob, asked, "confirm")
    assert Item.objects.get(pk=item.pk).state == ItemState.DONE
    assert Event.objects.get(type="WORK.ITEM_REVIEWED", payload__outcome="waived").payload["reviewed_by"] == "anna"
    record = AuditRecord.objects.get(action="act-confirmed")
    assert (record.actor, "asked by ann" in record.details) == ("bob", True)


def demoted(asked: AskedAct, item: Item) -> None:
    """Who asked has no role any more."""
    asked.asker.groups.clear()  # type: ignore[union-attr]


def deactivated(asked: AskedAct, item: Item) -> None:
    """Who asked is deactivated."""
    User.objects.filter(pk=asked.asker_id).update(is_active=False)


def too_late(asked: AskedAct, item: Item) -> None:
    """Nobody has confirmed for 72 hours."""
    AskedAct.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def changed(asked: AskedAct, item: Item) -> None:
    """The item is tried again."""
    person("carl", OPERATOR).post(f"items/{item.pk}/cancel", {"reason": "No."})


@pytest.mark.parametrize("meanwhile", [demoted, deactivated, too_late, changed])
def test_what_changed_meanwhile_leaves_a_confirmation_without_effect(meanwhile: Any) -> None:
    asked, item, _ann = asked_for()
    meanwhile(asked, item)
    before = Item.objects.get(pk=item.pk).state
    assert "Confirmed and carried out" not in decided(person("bob", OPERATOR), asked, "confirm")
    assert Item.objects.get(pk=item.pk).state == before != ItemState.DONE
    expected = "expired" if meanwhile is too_late else "waiting"
    assert AskedAct.objects.get().state == expected
    assert AuditRecord.objects.filter(action="act-expired").count() == (meanwhile is too_late)


def test_a_machine_and_somebody_without_the_right_confirm_nothing() -> None:
    asked, item, _ann = asked_for()
    for caller in (account("robot", OPERATOR, is_service=True), account("rita")):
        with pytest.raises(SecondPersonRefused):
            waive_confirmed(asked, by=caller)
    assert Item.objects.get(pk=item.pk).state == ItemState.FAILED
    assert "Rejected" in decided(person("bob", OPERATOR), asked, "reject")
    assert Item.objects.get(pk=item.pk).state == ItemState.FAILED


def test_what_nobody_confirms_in_time_expires_without_anybody_who_looks() -> None:
    asked, item, _ann = asked_for()
    outcomes = [list(pruning.prune([UnconfirmedActs()], by="test"))]
    too_late(asked, item)
    outcomes.append(list(pruning.prune([UnconfirmedActs()], by="test")))
    assert [one.removed.rows for (one,) in outcomes] == [0, 1]
    assert (AskedAct.objects.get().state, AuditRecord.objects.filter(action="act-expired").count()) == ("expired", 1)


@pytest.mark.both
def test_two_confirmations_at_the_same_moment_carry_it_out_once() -> None:
    asked, _item, _ann = asked_for()
    people, gate = [account("bob", OPERATOR), account("carl", OPERATOR)], threading.Barrier(2)

    def confirm(by: User) -> bool:
        try:
            seen = AskedAct.objects.get(pk=asked.pk)
            gate.wait(10)
            waive_confirmed(seen, by=by)
            return True
        except SecondPersonRefused:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(confirm, people)) == [False, True]
    assert Event.objects.filter(type="WORK.ITEM_REVIEWED", payload__outcome="waived").count() == 1
    assert AuditRecord.objects.filter(action="act-confirmed").count() == 1


# -- erasing ---------------------------------------------------------------------------------------
def test_nobody_erases_a_person_alone_and_a_second_administrator_does() -> None:
    dana, ann, eve = account("dana"), person("ann", ADMINISTRATOR), person("eve", ADMINISTRATOR)
    people = reverse("admin:accounts_user_changelist")
    posted(ann, people, action="erase_people", _selected_action=dana.pk, reason="Asked to.")
    refused_command("people", "erase", "dana", "--reason", "Asked to.", "--yes")
    with pytest.raises(ErasureRefused, match="second person"):
        list(erase_person(dana, by=eve.user, reason="Mine."))
    asked = AskedAct.objects.get()
    dana.refresh_from_db()
    assert (dana.username, dana.is_active) == ("dana", True)
    with pytest.raises(SecondPersonRefused):
        erase_confirmed(asked, by=account("olga", OPERATOR))
    assert "You asked for this yourself" in decided(ann, asked, "confirm")
    assert "Confirmed and carried out" in decided(eve, asked, "confirm")
    dana.refresh_from_db()
    asked.refresh_from_db()
    assert (dana.username != "dana", dana.is_active, asked.state) == (True, False, "confirmed")
    assert "dana" not in asked.title
