"""The page of language models: who may see it, what it changes and shows, and that the environment is above it."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.audit import AuditRecord
from accounts.organisations import FIRST_ORGANISATION
from accounts.roles import ADMINISTRATOR, OPERATOR
from backlog.models import ModelCall, ModelGrant, ModelSwitch, Project
from backlog.organisations import make_organisation
from environment.model_access import ModelAccess, ModelProvider
from tests.callers import account
from tests.integration.admin.conftest import Opened

pytestmark = pytest.mark.django_db
PAGE = "/admin/backlog/modelswitch/"
ORDER = (ModelProvider("anthropic", "claude-haiku-4-5", "http://127.0.0.1:9", "a-key"),)
FORM = {"is_on": "on", "day_usd": "1.50", "month_usd": ""}


@pytest.fixture
def ann(client: Client, settings: Settings) -> Client:
    """An administrator's browser, where a model is set up."""
    settings.MODELS = ModelAccess(order=ORDER, day_usd=Decimal(2))
    client.force_login(account("ann", ADMINISTRATOR))
    return client


def audited() -> list[str]:
    """What the audit log says about language models, oldest first."""
    log = AuditRecord.objects.filter(action="models-changed").order_by("pk")
    return [f"{record.actor}, {record.target}: {record.details}" for record in log]


def test_models_are_off_until_an_administrator_switches_them_on_which_is_recorded(ann: Client) -> None:
    assert "Each change is recorded" in ann.get(PAGE).content.decode()
    assert not ModelSwitch.objects.exists(), "looking changes nothing"
    page = ann.post(PAGE, FORM, follow=True).content.decode()
    assert "Language models are on." in page
    ann.post(PAGE, {**FORM, "is_on": ""})
    ann.post(PAGE, {**FORM, "is_on": ""})
    switch = ModelSwitch.objects.get()
    assert (switch.pk, switch.is_on, switch.day_usd, switch.month_usd) == (
        FIRST_ORGANISATION,
        False,
        Decimal("1.5"),
        None,
    )
    assert audited() == [
        "ann, Default: is on: yes; day usd: 1.50", "ann, Default: is on: yes → no",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "words"),
    [({"day_usd": "2.01"}, "allow at most 2 US dollars"), ({"day_usd": "-1"}, "greater than or equal to 0"),
     ({"month_usd": "20.01"}, "allow at most 20 US dollars"), ({"month_usd": "NaN"}, "Enter a number")],
)  # fmt: skip
def test_the_settings_of_the_installation_are_above_the_page(ann: Client, typed: dict[str, str], words: str) -> None:
    page = ann.post(PAGE, FORM | typed).content.decode()
    assert words in page
    assert (ModelSwitch.objects.exists(), audited()) == (False, [])


def test_the_page_shows_what_was_spent_by_use_and_by_model_and_what_is_reserved(ann: Client, opened: Opened) -> None:
    today = timezone.now().date()
    project = opened()
    spend(project, "task_names", 1_500, "claude-haiku-4-5")
    spend(project, "executive_summary", 2_500, "claude-haiku-4-5")
    ModelGrant.objects.create(
        dispatch_id=uuid4(), project=project, organisation_id=FIRST_ORGANISATION, day=today, granted=250_000
    )
    ModelCall.objects.filter(use="task_names").update(day=today.replace(day=1))
    page = ann.get(PAGE)
    lines = {
        title: {name: (s.calls_this_month, s.this_month_usd) for name, s in sums}
        for title, _heading, sums in page.context["sums"]
    }
    assert lines == {
        "By use": {"Executive summary": (1, 0.0025), "Names of recurring tasks": (1, 0.0015)},
        "By model": {"anthropic:claude-haiku-4-5": (2, 0.004)},
    }
    [_today, month] = page.context["budgets"]
    assert (month["spent"], month["reserved"], month["left"]) == (0.004, 0.25, 20 - 0.254)


def spend(project: Project, use: str, spent: int, model: str) -> None:
    """A call that was made for the project today."""
    ModelCall.objects.create(
        id=uuid4(), project=project, organisation_id=project.organisation_id, day=timezone.now().date(), use=use,
        provider="anthropic", model=model, spent=spent,
    )  # fmt: skip


def test_without_a_model_in_the_settings_the_page_says_that_none_is_asked(ann: Client, settings: Settings) -> None:
    settings.MODELS = ModelAccess()
    assert "No model is set up on this installation" in ann.get(PAGE).content.decode()
    settings.MODELS = ModelAccess(test_mode=True)
    assert "The test mode is on" in ann.get(PAGE).content.decode()


def test_only_administrators_see_the_page_and_only_that_of_their_organisation(ann: Client, client: Client) -> None:
    walrus = make_organisation("Walrus")
    page = ann.post(f"{PAGE}?organisation={walrus.pk}", FORM, follow=True)
    assert list(ModelSwitch.objects.values_list("pk", flat=True)) == [FIRST_ORGANISATION], "the address names no other"
    assert "Walrus" not in page.content.decode()
    client.force_login(account("olga", OPERATOR))
    assert (client.get(PAGE).status_code, client.post(PAGE, FORM).status_code) == (403, 403)
    above = account("root", ADMINISTRATOR)
    above.is_superuser = True
    above.save()
    client.force_login(above)
    assert "Walrus" in client.post(f"{PAGE}?organisation={walrus.pk}", FORM, follow=True).content.decode()
    assert set(ModelSwitch.objects.values_list("pk", flat=True)) == {FIRST_ORGANISATION, walrus.pk}
    assert client.get(f"{PAGE}?organisation=99999").status_code == 404
