"""`manage.py report`: the report of a project as a file in each format."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management.base import CommandError

from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from reports.exports.formats import Format
from tests.delivered import ROWS, deliver_all, full_contents, know

pytestmark = pytest.mark.django_db

Run = Callable[..., str]
BEGINNINGS = {Format.PDF: b"%PDF", Format.XLSX: b"PK", Format.HTML: b"<!doctype html>", Format.JSON: b"{"}


def opened() -> Project:
    """A project without deliverables."""
    said = {"project_id": str(uuid4()), "request_text": "Find waste.", "title": "Loan desk", "requester": "rita"}
    with project_work() as work:
        return submit_request(work, request={**said, "template": "audit"})


@pytest.fixture
def project(broker: None) -> Project:
    """A project with everything that an analysis may deliver."""
    project = opened()
    know(project, currency="EUR", hourly_rate=45, period={"type": "month"}, rows=ROWS)
    deliver_all(project, full_contents())
    return project


@pytest.mark.parametrize("form", list(Format))
def test_the_report_is_written_to_the_named_file(run: Run, project: Project, tmp_path: Path, form: Format) -> None:
    path = tmp_path / "out"
    words = run("report", str(project.pk)[:8], "--format", form, "--output", path)
    assert path.read_bytes().startswith(BEGINNINGS[form])
    assert words.strip() == f"{path}: {path.stat().st_size:,} bytes"


def test_without_a_name_the_file_has_that_of_the_project(
    run: Run, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("report", project.pk, "--format", "json", "--language", "fr")
    assert json.loads((tmp_path / "loan-desk.json").read_text())["language"] == "fr"


def test_the_parts_for_staff_are_there_on_request(run: Run, project: Project, tmp_path: Path) -> None:
    for more, expected in (([], False), (["--staff"], True)):
        run("report", project.pk, "--format", "json", "--output", tmp_path / "r", *more)
        kinds = {section["kind"] for section in json.loads((tmp_path / "r").read_text())["sections"]}
        assert ("test_report" in kinds) is expected


def test_what_cannot_be_written_ends_with_a_sentence(run: Run, project: Project, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Nothing was delivered yet"):
        run("report", opened().pk, "--format", "xlsx", "--output", tmp_path / "r")
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        run("report", project.pk, "--format", "json", "--output", tmp_path / "nowhere" / "r")
    with pytest.raises(CommandError, match="see `./manage.py projects`"):
        run("report", "ffffffff")
