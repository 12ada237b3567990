"""The audit log is narrowed, searched and listed by those who may read it."""

from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from tests.audit_scene import LOG, Scene, rest
from tests.callers import Caller

pytestmark = pytest.mark.django_db


def test_the_log_is_narrowed_by_what_who_when_and_searched_by_name(scene: Scene) -> None:
    scene.form(scene.olga, username="olga.new")
    today = {"recorded_at__gte": f"{timezone.now():%Y-%m-%d} 00:00:00+00:00"}
    for query in ({"action": "account-changed", **today}, {"actor": "ann", "target": "olga.new"}, {"q": "olga.new"}):
        found = scene.browser.get(LOG, query).context["cl"]
        assert [entry.target for entry in found.result_list] == ["olga.new"]


def test_the_command_line_lists_the_log_of_one_account(scene: Scene, capsys: Any) -> None:
    scene.form(scene.olga, email="o@example.org")
    rest(scene, "rotate")
    for name, words in (
        ("olga", "ann  Account changed  olga  email: nothing → o@example.org  from 192.0.2.7\n"),
        ("bot", "Webhook secret rotated  bot  webhook"),
    ):
        call_command("audit", name=name, limit=1)
        shown = capsys.readouterr().out
        assert words in shown
        assert shown.count("\n") == 1


def test_a_rest_key_reads_no_entry(scene: Scene) -> None:
    assert not User.objects.get(pk=scene.bot.pk).has_perm("accounts.view_auditrecord")
    assert Caller(None, **scene.caller.headers).client.get(LOG).status_code == 302
