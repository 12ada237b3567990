"""Webhooks by REST: one's own only, the secret shown once, changes bound to what was read."""

from typing import Any

import pytest

from accounts.roles import ADMINISTRATOR, OPERATOR, REQUESTER
from tests.callers import Caller, machine, person

pytestmark = pytest.mark.django_db

SAID = {"url": "https://tickets.example.com/interlock", "types": ["PROJECT.*"]}


def added(caller: Caller, **more: Any) -> dict[str, Any]:
    """A webhook that the caller added."""
    response = caller.post("webhooks", {**SAID, **more})
    assert response.status_code == 201, response.content
    made: dict[str, Any] = response.json()
    return made


def test_the_secret_is_shown_when_it_is_made_and_when_it_is_rotated_and_never_else() -> None:
    bot = machine("bot", OPERATOR)
    made = added(bot)
    assert made["secret"].startswith("whsec_")
    assert "secret" not in bot.get(f"webhooks/{made['id']}").json()
    rotated = bot.post(f"webhooks/{made['id']}/rotate").json()
    assert rotated["secret"] not in ("", made["secret"])


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"url": "http://127.0.0.1/"}, "refused-address"),
        ({"url": "http://2130706433/"}, "refused-address"),
        ({"url": "ftp://example.com/"}, "invalid-url"),
        ({"types": ["NO.SUCH"]}, "unknown-types"),
        ({"project": "6f0d3a52-6c3f-4d0f-9a38-0a5f2b6f1c11"}, "unknown-project"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(wrong: dict[str, Any], problem: str) -> None:
    response = machine("bot", OPERATOR).post("webhooks", {**SAID, **wrong})
    assert (response.status_code, response.json()["type"]) == (422, f"urn:interlock:problem:{problem}")


def test_a_change_keeps_the_rest_and_is_refused_when_it_was_read_before_another() -> None:
    bot = machine("bot", OPERATOR)
    made = added(bot, description="Tickets")
    known = bot.get(f"webhooks/{made['id']}")["ETag"]
    changed = bot.patch(f"webhooks/{made['id']}", {"types": []}, headers={"If-Match": known})
    assert (changed.json()["types"], changed.json()["description"]) == ([], "Tickets")
    assert bot.patch(f"webhooks/{made['id']}", {"types": []}, headers={"If-Match": known}).status_code == 412


def test_a_webhook_is_its_owners_and_an_administrators() -> None:
    made = added(person("rita", REQUESTER))
    assert person("remy", REQUESTER).get(f"webhooks/{made['id']}").status_code == 404
    ada = person("ada", ADMINISTRATOR)
    assert ada.post(f"webhooks/{made['id']}/disable", {"reason": "Noise."}).json()["active"] is False
    assert ada.post(f"webhooks/{made['id']}/enable").json()["active"] is True
    assert ada.get(f"webhooks/{made['id']}/deliveries").json()["results"] == []
