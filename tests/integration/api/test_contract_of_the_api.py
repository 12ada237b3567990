"""Whatever is sent to the interface, by whomever: it answers as its OpenAPI document says."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from schemathesis import Case

from backlog.blueprints import definition_of
from tests.api_figures import NAME
from tests.api_seeds import Ids, seeded
from tests.fuzzing import (
    EXAMPLES,
    PARTIES,
    SHORT,
    Caller,
    configuration,
    is_shown_elsewhere,
    name_real_things,
    party,
    whose_turn,
)
from tests.undoing import undone

pytestmark = [pytest.mark.django_db, pytest.mark.contract]
contract = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application(), config=configuration())


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What is written for all tests of the file: each begins with it, and it is gone after the last."""
    with django_db_blocker.unblock(), undone():
        definition_of.cache_clear()
        yield


@pytest.fixture(scope="module", params=PARTIES)
def callers(request: pytest.FixtureRequest, stage: None) -> list[Caller]:
    """Who calls."""
    return party(request.param)


@pytest.fixture(scope="module")
def ids(callers: list[Caller]) -> Ids:
    """What there is: of the first caller, and of another."""
    return seeded("caller", "another")


@pytest.fixture
def unlimited(settings: Any) -> None:
    """Nobody is told that they ask too often."""
    settings.API_REQUESTS_A_MINUTE = 10**9


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests leave the test's own connection open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def figures(request: pytest.FixtureRequest, callers: list[Caller]) -> dict[str, Any]:
    """What is counted here goes into the report of the test."""
    counted: dict[str, Any] = {"callers": [caller.name for caller in callers], "examples": 0}
    request.node.user_properties.append((NAME, counted))
    return counted


# An operation takes minutes in the full profile. Health checks are about generating too slowly or too much of it, and
# about fixtures made once for all examples: here each example is undone.
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("one_connection", "unlimited")
@contract.parametrize()
@hypothesis.settings(max_examples=EXAMPLES or SHORT, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_whatever_is_sent_is_answered_as_the_document_says(
    case: Case, callers: list[Caller], ids: Ids, figures: dict[str, Any]
) -> None:
    if is_shown_elsewhere(case):
        return
    figures |= {"operation": case.operation.label, "examples": figures["examples"] + 1}
    name_real_things(case, ids)
    with undone():
        whose_turn(callers, case).call(case)
