"""A report as a file, from the buttons of its page: every format, for everybody who may see the project."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import OPERATOR
from backlog.models import Project
from reports.document_schema import PATH, report_schema
from reports.exports.formats import Format
from tests.delivered import ROWS, deliver_all, full_contents, know

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
SignIn = Callable[..., Client]


@pytest.fixture
def project(rita: Client, opened: Opened) -> Project:
    """Rita's project with everything that an analysis may deliver."""
    project = opened(title="Prüfung <b>der</b> Zeit")
    know(project, currency="EUR", hourly_rate=45, period={"type": "month"}, rows=ROWS)
    deliver_all(project, full_contents())
    return project


def file_of(client: Client, project: Project, ending: str, **headers: str) -> Any:
    """The response to a click on the button of this format."""
    return client.get(reverse("portal:report-file", args=[project.pk, ending]), headers=headers)


@pytest.mark.parametrize("form", list(Format))
def test_the_page_offers_each_format_and_the_file_has_its_type_and_name(
    rita: Client, project: Project, form: Format
) -> None:
    page = rita.get(reverse("portal:report", args=[project.pk])).content.decode()
    assert f'/report.{form}"' in page
    response = file_of(rita, project, form)
    assert response.status_code == 200
    assert response["Content-Type"].startswith(form.media_type)
    assert response["Content-Disposition"] == f'attachment; filename="prufung-bderb-zeit.{form}"'
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}


@pytest.mark.parametrize("form", list(Format))
def test_a_file_is_for_whoever_may_see_the_project(
    rita: Client, rob: Client, ann: Client, sign_in: SignIn, project: Project, form: Format
) -> None:
    assert file_of(Client(), project, form).status_code == 302
    assert file_of(rob, project, form).status_code == 404
    assert file_of(ann, project, form).status_code == 200
    assert file_of(sign_in("otto", OPERATOR), project, form).status_code == 200


def test_the_staff_s_page_of_the_project_offers_each_format(ann: Client, project: Project) -> None:
    page = ann.get(reverse("admin:backlog_project_change", args=[project.pk])).content.decode()
    assert all(f'/report.{form}"' in page for form in Format)


def test_there_is_no_other_format(rita: Client, project: Project) -> None:
    assert file_of(rita, project, "docx").status_code == 404


def test_a_report_without_deliverables_is_refused_in_words(rita: Client, opened: Opened) -> None:
    response = file_of(rita, opened(), "xlsx")
    assert response.status_code == 409
    assert "Nothing was delivered yet" in response.content.decode()


def test_the_json_file_meets_its_published_schema(rita: Client, project: Project) -> None:
    document = json.loads(file_of(rita, project, "json").content)
    jsonschema.Draft202012Validator(report_schema()).validate(document)
    assert document["form"] == 1
    assert {figure["key"] for figure in document["headline"]} >= {"total_hours", "monthly_cost"}


def test_the_published_schema_is_that_of_the_model() -> None:
    stale = "The model has changed: write the schema again, as reports/document_schema.py says."
    assert json.loads(PATH.read_text()) == json.loads(json.dumps(report_schema())), stale


def test_checks_and_raw_outputs_are_in_the_files_of_staff_only(rita: Client, ann: Client, project: Project) -> None:
    kinds = [
        {section["kind"] for section in json.loads(file_of(who, project, "json").content)["sections"]}
        for who in (rita, ann)
    ]
    assert ["test_report" in each for each in kinds] == [False, True]
    assert "Annex for staff" not in file_of(rita, project, "html").content.decode()


def test_the_html_file_stands_alone(rita: Client, project: Project) -> None:
    text = file_of(rita, project, "html").content.decode()
    for outside in ("<script", "<link", "src=", "href=", "url(", "@import", "<form"):
        assert outside not in text.lower().replace('href="#', "").replace("url(#", ""), outside
    assert "default-src &#x27;none&#x27;" in text or "default-src 'none'" in text
    assert "&lt;b&gt;Closing&lt;/b&gt;" in text
    assert "<b>Closing" not in text
    assert "<svg" in text
    assert ".finding" in text


def test_a_file_is_in_the_language_of_its_reader(rita: Client, project: Project) -> None:
    assert '<html lang="fr">' in file_of(rita, project, "html", **{"accept-language": "fr"}).content.decode()
