"""When a person is away and who stands in: said on two pages, by days of the person's zone, for people who can."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.absences.keeping import AbsenceRefused, end_absence, moments, set_absence
from accounts.absences.reading import absent_people, current_absences
from accounts.audit import AuditRecord
from accounts.models import Absence, Organisation, User
from accounts.preferences import preferences_of
from accounts.rank import AccountRefused
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.organisations import move_account
from people.leaving import activate, deactivate
from privacy.erasing import erase_person
from privacy.exporting import exported
from tests.callers import account, key_of, person
from tests.flows import step, template

AWAY, AGENT = "/preferences/away/", "foreign_worker"
TODAY = datetime.now(UTC).date()
DAY = timedelta(days=1)


def typed(stand_in: str, first: date = TODAY, last: date = TODAY + 7 * DAY, **more: str) -> dict[str, str]:
    """The form as it is sent."""
    return {"first_day": first.isoformat(), "last_day": last.isoformat(), "stand_in": stand_in, **more}


def away(who: User, stand_in: User) -> Absence:
    """Say for themselves that this person is away from today on."""
    return set_absence(who, stand_in=stand_in.username, first_day=TODAY, last_day=TODAY + DAY, by=who)


# -- days ------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_both_days_are_whole_ones_of_the_persons_zone_and_move_with_it() -> None:
    ann = account("ann", ANSWERER, time_zone="Pacific/Auckland")
    account("bob", ANSWERER)
    with preferences_of(ann):
        today = timezone.localdate()
        absence = set_absence(ann, stand_in="bob", first_day=today, last_day=today, by=ann)
    assert absence.ends_at - absence.begins_at in (23 * DAY / 24, DAY, 25 * DAY / 24)
    assert timezone.localtime(absence.begins_at, absence.begins_at.tzinfo).date() == today
    browser = Client()
    browser.force_login(ann)
    assert browser.post("/preferences/", {"time_zone": "America/Bogota"}).status_code == 302
    moved = Absence.objects.get()
    assert (moved.first_day, moved.begins_at) == (today, datetime(today.year, today.month, today.day, 5, tzinfo=UTC))


@pytest.mark.both
@pytest.mark.spine
@pytest.mark.django_db
def test_an_absence_is_one_from_its_first_moment_to_its_last() -> None:
    bob, now = account("bob", ANSWERER), timezone.now()
    hours = {"over": (-2, 0), "now": (-1, 1), "later": (1, 2)}
    for name, (begin, end) in hours.items():
        times = {"begins_at": now + timedelta(hours=begin), "ends_at": now + timedelta(hours=end)}
        Absence.objects.create(person=account(name), stand_in=bob, first_day=TODAY, last_day=TODAY, **times)
    assert [row["person__username"] for row in current_absences([bob.organisation_id])] == ["now"]
    assert [row["person__username"] for row in current_absences(None)] == ["now"]
    assert moments(date(2027, 3, 28), date(2027, 3, 28), UTC)["ends_at"] == datetime(2027, 3, 29, tzinfo=UTC)


@pytest.mark.django_db
def test_a_stand_in_is_another_active_person_of_the_organisation_and_the_days_are_possible() -> None:
    ann, other = account("ann", ANSWERER), Organisation.objects.create(name="Other", slug="other")
    account("bob", ANSWERER)
    account("gone", ANSWERER, is_active=False)
    account("bot", ANSWERER, is_service=True)
    account("zoe", ANSWERER, organisation=other)
    for name in ("ann", "gone", "bot", "zoe", "nobody"):
        with pytest.raises(AbsenceRefused):
            set_absence(ann, stand_in=name, first_day=TODAY, last_day=TODAY, by=ann)
    far = TODAY + 800 * DAY
    for first, last in ((TODAY + DAY, TODAY), (TODAY - 9 * DAY, TODAY - 2 * DAY), (TODAY, far), (date.min, TODAY)):
        with pytest.raises(AbsenceRefused):
            set_absence(ann, stand_in="bob", first_day=first, last_day=last, by=ann)
    with pytest.raises(AbsenceRefused):
        set_absence(User.objects.get(username="bot"), stand_in="bob", first_day=TODAY, last_day=TODAY, by=ann)
    assert not Absence.objects.exists()


# -- chains ----------------------------------------------------------------------------------------
def row(who: int, stand_in: int, **changes: Any) -> dict[str, Any]:
    """The row of a person who is away."""
    names = {"person__username": f"p{who}", "stand_in__username": f"p{stand_in}", "last_day": TODAY}
    ids = {"person_id": who, "stand_in_id": stand_in, "person__organisation_id": 1, "stand_in__organisation_id": 1}
    return {**names, **ids, "person__is_active": True, "stand_in__is_active": True, "stand_in__is_service": False} | (
        changes
    )


@pytest.mark.parametrize(
    ("rows", "stand_ins"),
    [
        ([row(1, 2)], {1: 2}),
        ([row(1, 2), row(2, 3)], {1: 3, 2: 3}),
        ([row(1, 2), row(2, 3), row(3, 4)], {1: 4, 2: 4, 3: 4}),
        ([row(1, 2), row(2, 3), row(3, 4), row(4, 5)], {2: 5, 3: 5, 4: 5}),  # too long for the first
        ([row(1, 2), row(2, 1)], {}),
        ([row(1, 2), row(2, 3), row(3, 2)], {}),
        ([row(1, 2, stand_in__is_active=False)], {}),
        ([row(1, 2, stand_in__organisation_id=2)], {}),
        ([row(1, 2), row(2, 3, stand_in__is_service=True)], {}),  # the second is away all the same
        ([row(1, 2, person__is_active=False)], {}),
    ],
)
def test_the_next_one_stands_in_for_a_stand_in_who_is_away(rows: list[Any], stand_ins: dict[int, int]) -> None:
    found = absent_people(rows)
    assert {number: one.stand_in for number, one in found.items()} == stand_ins
    assert all(one.stand_in_name == f"p{one.stand_in}" for one in found.values())


# -- its end ---------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_it_ends_with_the_account_of_either_and_the_audit_log_has_it() -> None:
    ann, bob, cem = (account(name, ANSWERER) for name in ("ann", "bob", "cem"))
    for ending in (ann, bob):
        away(ann, bob)
        away(cem, ann)
        deactivate(ending, by=None)
        activate(ending, by=None)
        assert set(Absence.objects.values_list("person__username", flat=True)) == ({"cem"} if ending == bob else set())
    away(ann, bob)
    move_account(bob, Organisation.objects.create(name="Other", slug="other"))
    assert not Absence.objects.filter(stand_in=bob).exists()
    away(ann, cem)
    assert b'"stand_in__username":"cem"' in b"".join(exported(ann))
    assert dict(erase_person(cem, by=None, reason="Asked for it."))
    assert not Absence.objects.exists()
    named = AuditRecord.objects.filter(action="stand-in-named", target="ann").order_by("pk")
    assert f"stand in: bob; first day: {TODAY}; last day: {TODAY + DAY}" in named[0].details
    ended = AuditRecord.objects.filter(action="stand-in-ended", target="ann").order_by("pk")
    assert [record.details for record in ended[:3]] == ["stand in: bob"] * 3


# -- leased work -----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_what_they_leased_goes_to_the_stand_in_unless_they_have_begun_to_deliver_it() -> None:
    ann, bob, cem = (key_of(person(name, OPERATOR), f"work:{AGENT}") for name in ("ann", "bob", "cem"))
    request = {"project_id": str(uuid4()), "request_text": "Do it.", "template": template(step("one"), step("two"))}
    with project_work() as work:
        submit_request(work, request={**request, "requester": "rita"})
    begun, untouched = ann.post("work/lease", {"agent": AGENT, "max": 2}).json()["items"]
    assert ann.post(f"work/{begun['lease']}/progress", {"done": 1, "total": 2}).status_code == 200
    assert ann.user is not None
    assert bob.user is not None
    away(ann.user, bob.user)
    assert cem.post("work/lease", {"agent": AGENT}).json()["items"] == []
    [taken] = bob.post("work/lease", {"agent": AGENT, "max": 2}).json()["items"]
    assert (taken["item"]["id"], taken["item"]["failures"]) == (untouched["item"]["id"], 0)
    assert ann.post(f"work/{untouched['lease']}/heartbeat").status_code == 409
    assert ann.post(f"work/{begun['lease']}/heartbeat").status_code == 200
    assert bob.post("work/lease", {"agent": AGENT, "max": 2}).json()["items"] == []


# -- pages -----------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_person_says_it_in_their_preferences_and_ends_it_there() -> None:
    rita, bob = person("rita", REQUESTER).client, person("bob", ANSWERER)
    refused = rita.post(AWAY, typed("nobody"))
    assert "There is no active person called “nobody”" in refused.content.decode()
    assert "This field is required" in rita.post(AWAY, {}).content.decode()
    assert rita.post(AWAY, typed(" bob ")).status_code == 302
    assert "bob stands in" in rita.get(AWAY).content.decode()
    assert "bob stands in" in rita.get("/preferences/").content.decode()
    assert "for rita, from" in bob.client.get(AWAY).content.decode()
    rita.post(AWAY, typed("bob", last=TODAY))
    assert Absence.objects.get().last_day == TODAY
    rita.post(AWAY, {"back": "1"})
    assert not Absence.objects.exists()
    assert Client().get(AWAY).status_code == 302


@pytest.mark.django_db
def test_an_administrator_says_it_for_those_whose_account_they_may_change(settings: Settings) -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    ann, bob = person("ann", ADMINISTRATOR).client, account("bob", ANSWERER)
    page = f"/admin/accounts/user/{bob.pk}/change/"
    account("cem", ANSWERER)
    assert "There is no active person" in ann.post(page, typed("zoe", away="1")).content.decode()
    assert ann.post(page, typed("cem", away="1")).status_code == 302
    assert "cem stands in" in ann.get(page).content.decode()
    assert person("dan", ANSWERER).client.post(page, typed("ann", away="1")).status_code == 403
    ann.post(page, {"back": "1"})
    assert not Absence.objects.exists()
    boss = account("boss", is_superuser=True)
    zoe = account("zoe", ANSWERER, organisation=Organisation.objects.create(name="Other", slug="other"))
    for who in (boss, zoe):
        with pytest.raises(AccountRefused):
            set_absence(who, stand_in="cem", first_day=TODAY, last_day=TODAY, by=User.objects.get(username="ann"))
        with pytest.raises(AccountRefused):
            end_absence(who, by=User.objects.get(username="ann"))
