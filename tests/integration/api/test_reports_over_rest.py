"""A report over REST: each format by `format` or Accept, refusals in words, and shared links."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from django.test import Client

from accounts.roles import ANSWERER, OPERATOR, REQUESTER
from api.models import KeptAnswer
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from reports.document_schema import report_schema
from reports.exports.formats import Format
from reports.models import SharedLink
from tests.callers import Caller, key_of, person
from tests.delivered import ROWS, deliver_all, full_contents, know

pytestmark = pytest.mark.django_db

Refusals = Callable[[Any], tuple[int, str]]


@pytest.fixture
def rita() -> Caller:
    """A requester."""
    return person("rita", REQUESTER)


def opened() -> Project:
    """A project of rita's."""
    said = {"project_id": str(uuid4()), "request_text": "Find waste.", "title": "Loan desk", "requester": "rita"}
    with project_work() as work:
        return submit_request(work, request={**said, "template": "audit"})


@pytest.fixture
def project(rita: Caller, broker: None) -> Project:
    """Rita's project with everything that an analysis may deliver."""
    project = opened()
    know(project, currency="EUR", hourly_rate=45, period={"type": "month"}, rows=ROWS)
    deliver_all(project, full_contents())
    return project


def report(caller: Caller, project: Project, headers: dict[str, str] | None = None, **query: str) -> Any:
    """The response to a request for the report."""
    return caller.get(f"projects/{project.pk}/report", headers=headers, **query)


@pytest.mark.parametrize("form", list(Format))
def test_a_format_is_chosen_by_name_or_by_accept(rita: Caller, project: Project, form: Format) -> None:
    for response in (report(rita, project, format=form), report(rita, project, headers={"accept": form.media_type})):
        assert response.status_code == 200
        assert response["Content-Type"].startswith(form.media_type)
        assert f'filename="loan-desk.{form}"' in response["Content-Disposition"]


def test_without_a_wish_the_report_is_json_of_the_published_schema(rita: Caller, project: Project) -> None:
    document = report(rita, project).json()
    jsonschema.Draft202012Validator(report_schema()).validate(document)
    assert document["project_id"] == str(project.pk)


def test_accept_is_taken_in_the_order_of_its_weights(rita: Caller, project: Project) -> None:
    accept = f"{Format.PDF.media_type};q=0.5, {Format.XLSX.media_type};q=0.9, text/plain"
    assert report(rita, project, headers={"accept": accept})["Content-Type"] == Format.XLSX.media_type


@pytest.mark.parametrize("accept", ["text/plain", "image/png;q=1", "application/json;q=0"])
def test_a_format_that_there_is_not_is_refused_with_those_that_there_are(
    rita: Caller, project: Project, accept: str
) -> None:
    response = report(rita, project, headers={"accept": accept})
    assert response.status_code == 406
    assert "application/pdf" in response.json()["detail"]
    assert report(rita, project, format="docx").status_code == 422


def test_the_language_is_that_of_the_query_else_of_the_header(rita: Caller, project: Project) -> None:
    assert report(rita, project, language="fr").json()["language"] == "fr"
    assert report(rita, project, headers={"accept-language": "fr"}).json()["language"] == "fr"
    assert report(rita, project).json()["language"] == "en"


def test_a_report_without_deliverables_is_a_conflict_in_words(rita: Caller, broker: None) -> None:
    response = report(rita, opened(), format="pdf")
    assert response.status_code == 409
    assert response.json()["type"] == "urn:interlock:problem:nothing-delivered"


def test_a_busy_typesetter_says_when_to_ask_again(
    rita: Caller, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.exports.typesetting.LONGEST_SECONDS", 0.01)
    response = report(rita, project, format="pdf")
    assert (response.status_code, response["Retry-After"]) == (503, "10")


def test_a_report_is_for_whoever_may_see_the_project(rita: Caller, project: Project) -> None:
    assert report(person("rob", REQUESTER), project).status_code == 404
    assert report(person("ann", ANSWERER), project).status_code == 200
    assert report(key_of(rita, "read"), project, format="xlsx").status_code == 200
    assert report(key_of(rita, "items"), project).status_code == 403


def test_a_link_is_made_listed_opened_and_revoked(rita: Caller, project: Project) -> None:
    links = f"projects/{project.pk}/links"
    made = rita.post(links, {"note": "the board", "days": 3})
    assert made.status_code == 201
    path = made.json()["address"].removeprefix("http://testserver")
    assert Client().get(path).status_code == 200
    [listed] = rita.get(links).json()["results"]
    assert (listed["note"], listed["opened_count"], listed["is_live"]) == ("the board", 1, True)
    assert "address" not in listed
    revoked = rita.post(f"{links}/{listed['id']}/revoke")
    assert (revoked.status_code, revoked.json()["is_live"]) == (200, False)
    assert Client().get(path).status_code == 410


def test_who_may_only_look_cannot_share(rita: Caller, project: Project) -> None:
    links = f"projects/{project.pk}/links"
    response = person("ann", ANSWERER).post(links, {})
    assert response.status_code == 403
    assert response.json()["type"] == "urn:interlock:problem:sharing-not-allowed"
    assert person("otto", OPERATOR).post(links, {}).status_code == 201
    assert person("rob", REQUESTER).post(links, {}).status_code == 404


@pytest.mark.parametrize("days", [0, 366, "soon"])
def test_another_lifetime_is_refused(rita: Caller, project: Project, days: object) -> None:
    assert rita.post(f"projects/{project.pk}/links", {"days": days}).status_code == 422
    assert not SharedLink.objects.exists()


def test_a_repeated_request_makes_no_second_link_and_its_stored_response_has_no_address(
    rita: Caller, project: Project
) -> None:
    send = [rita.post(f"projects/{project.pk}/links", {}, headers={"Idempotency-Key": "k"}) for _twice in range(2)]
    assert [response.status_code for response in send] == [201, 201]
    assert send[0].json()["id"] == send[1].json()["id"]
    assert send[1].json()["address"] is None
    token = send[0].json()["address"].split("/")[-2]
    assert token not in str(KeptAnswer.objects.values_list("body", "headers"))
