"""Organisations are made and listed, and people are moved, by a command and on a page of superusers."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import User
from accounts.organisations import Organisation
from accounts.roles import ADMINISTRATOR, OPERATOR
from backlog.models import Template
from tests.callers import account, person

pytestmark = pytest.mark.django_db

ADD, LIST = reverse("admin:accounts_organisation_add"), reverse("admin:accounts_organisation_changelist")


def test_a_command_makes_and_lists_organisations(capsys: pytest.CaptureFixture[str]) -> None:
    account("ann", OPERATOR)
    call_command("organisations", "add", "Sales & more")
    call_command("organisations", "list")
    _made, default, sales = capsys.readouterr().out.splitlines()
    assert default.split()[:4] == ["default", "1", "accounts", "0"]
    assert sales.split()[:4] == ["sales-more", "0", "accounts", "0"]


@pytest.mark.parametrize("name", ["Default", "default!", "?", "x" * 101])
def test_a_name_that_cannot_be_given_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="organisation"):
        call_command("organisations", "add", name)
    assert Organisation.objects.count() == 1


def test_a_command_moves_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    account("ann", OPERATOR)
    call_command("organisations", "add", "Sales")
    call_command("organisations", "move", "ann", "sales")
    assert str(User.objects.get(username="ann").organisation) == "Sales"
    for names in (("ann", "nowhere"), ("nobody", "sales")):
        with pytest.raises(CommandError, match="There is no"):
            call_command("organisations", "move", *names)


def test_a_superuser_makes_an_organisation_and_gives_it_another_name() -> None:
    root = person("root", ADMINISTRATOR, is_superuser=True).client
    assert b"already" in root.post(ADD, {"name": "Default"}).content
    root.post(ADD, {"name": "Sales"})
    sales = Organisation.objects.get(slug="sales")
    assert Template.objects.filter(organisation=sales).exists()
    root.post(reverse("admin:accounts_organisation_change", args=[sales.pk]), {"name": "Sales and more"})
    sales.refresh_from_db()
    assert (sales.name, sales.slug) == ("Sales and more", "sales")


def test_nobody_else_has_a_page_of_organisations() -> None:
    adam = person("adam", ADMINISTRATOR).client
    assert [adam.get(address).status_code for address in (ADD, LIST)] == [403, 403]
    assert b"accounts/organisation/" not in adam.get(reverse("admin:index")).content
