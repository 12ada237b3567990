"""`manage.py person`: an account with a role."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment gives."""
    monkeypatch.setenv("PERSON_PASSWORD", "a long enough password")


def test_a_person_gets_an_account_and_a_role(capsys: Any) -> None:
    call_command("person", "berta", role="answerer", email="berta@example.com")
    berta = User.objects.get(username="berta")
    assert berta.check_password("a long enough password")
    assert (berta.is_staff, list(berta.groups.values_list("name", flat=True))) == (True, ["answerer"])
    assert capsys.readouterr().out == "berta is an answerer now.\n"


def test_a_requester_is_no_staff_until_given_a_staff_role() -> None:
    call_command("person", "rita", role="requester")
    assert not User.objects.get(username="rita").is_staff
    call_command("person", "rita", role="operator")
    rita = User.objects.get(username="rita")
    assert (rita.is_staff, [group.name for group in rita.groups.all()]) == (True, ["operator"])


def test_a_role_is_set_in_place_of_others_and_added_and_taken_away_by_name(capsys: Any) -> None:
    for options in ({"role": "administrator"}, {"role": "requester"}, {"add": "operator"}, {"remove": "operator"}):
        call_command("person", "ann", **options)
    ann = User.objects.get(username="ann")
    assert (ann.is_staff, [group.name for group in ann.groups.all()]) == (False, ["requester"])
    assert capsys.readouterr().out.endswith("ann is an operator no more.\n")
    with pytest.raises(CommandError, match="no account"):
        call_command("person", "nobody", remove="operator")


@pytest.mark.parametrize(
    ("name", "secret", "words"), [("b b", "a long enough password", "valid username"), ("b", "b", "too short")]
)
def test_a_bad_name_or_password_is_refused_and_nobody_made(
    monkeypatch: pytest.MonkeyPatch, name: str, secret: str, words: str
) -> None:
    monkeypatch.setenv("PERSON_PASSWORD", secret)
    with pytest.raises(CommandError, match=words):
        call_command("person", name, role="requester")
    assert not User.objects.exists()
