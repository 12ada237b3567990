"""Two organisations side by side: nobody meets an id, a name or a count of the other, whatever address they call."""

import os
import re

import pytest
from django.contrib import admin
from django.urls import get_resolver
from pytest_django import Settings

from accounts.organisations import FIRST_ORGANISATION, Organisation
from accounts.roles import ADMINISTRATOR, ROLES
from backlog.organisations import make_organisation
from pages.live import allowed_topics
from tests.two_organisations import Side, addresses, body_of, got, leaks, routes, side, visitors

pytestmark = pytest.mark.django_db

# `make rehearse` tries every role; otherwise the one with the most rights.
VISITING = [*ROLES] if os.environ.get("EVERY_ROLE") else [ADMINISTRATOR]
# What differs each time a page is made: tokens, moments in the addresses of lists, and how long ago something was.
FRESH = re.compile(
    rb'(csrfmiddlewaretoken" value|csrf-token" content|form_token" value|nonce)="[^"]*"'
    rb'|\d{4}-\d\d-\d\d(T|%20| |\+)[^"&<]*'
    rb"|just now|\d+ (s|min)\b( ago)?"
)


@pytest.fixture(autouse=True)
def static_root(settings: Settings) -> None:
    """The folder of static files, whose absence the web server warns of."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def zebra() -> Side:
    """The first organisation."""
    return side(Organisation.objects.get(pk=FIRST_ORGANISATION), "Zebra")


def test_nobody_reads_an_id_or_a_name_of_another_organisation_at_any_address(zebra: Side) -> None:
    walrus = side(make_organisation("Walrus and sons"), "Walrus")
    calls, found = 0, []
    for here, there in ((zebra, walrus), (walrus, zebra)):
        # On pages of one's own things, too, nothing of the others may stand.
        own = addresses(here) if here is walrus or len(VISITING) > 1 else []
        made, met = leaks(here, there, VISITING, addresses(there) + own)
        calls, found = calls + made, found + met
    print(f"{calls} calls, {len(found)} leaks")  # noqa: T201
    assert not found, "\n".join(found)


def test_no_list_and_no_count_changes_when_another_organisation_gets_rows(zebra: Side) -> None:
    other = make_organisation("Walrus and sons")
    admin.autodiscover()
    lists = [f"/{route}" for route in sorted(set(routes(get_resolver().url_patterns))) if "<" not in route]
    callers = visitors(zebra, VISITING)
    del callers["key"]  # when a key was used last is listed
    before = {(role, at): FRESH.sub(b"", body_of(got(callers[role], at))) for role in callers for at in lists}
    side(other, "Walrus")
    after = {(role, at): FRESH.sub(b"", body_of(got(callers[role], at))) for role in callers for at in lists}
    assert {called for called in before if before[called] != after[called]} == set()


def test_a_project_is_watched_live_within_its_organisation_alone(zebra: Side) -> None:
    walrus = side(make_organisation("Walrus and sons"), "Walrus")
    topics = [f"project:{zebra.project}", f"project:{walrus.project}"]
    for here, own in zip((zebra, walrus), topics, strict=True):
        watched = {role: allowed_topics(caller.user, topics) for role, caller in visitors(here, [*ROLES]).items()}
        assert watched == {role: [own] for role in watched}
