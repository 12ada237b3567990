"""A report as a PDF: tagged, the same bytes for the same report, texts as data, and made within bounds."""

import io
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from pypdf import PdfReader

from backlog.models import Project
from reports.exports import typesetting
from reports.exports.blocks import BREAK, printable_text
from reports.exports.errors import ExportBusy, ExportFailed, ExportUnavailable
from reports.exports.formats import Format
from reports.exports.making import report_file
from tests.delivered import ROWS, contents, deliver, deliver_all, full_contents, know

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
A4 = (595, 842)
# Texts that would do something if the typesetter read them as its markup.
MARKUP = [
    '#panic("injected")',
    '#read("/etc/passwd")',
    "*bold* _it_ `raw` $x^2$ <label> @ref = Heading",
    "] #set page(width: 1cm) [",
    '"; import "@preview/x:1.0.0"; "',
    "\\u{41} // comment /* open",
]


def pdf_of(project: Project, *, for_staff: bool = False) -> bytes:
    """The project's report as a PDF."""
    return report_file(project, Format.PDF, for_staff=for_staff).content


def text_of(content: bytes) -> str:
    """The text of all pages, each white space a single space, without breaks inside words."""
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split()).replace(BREAK, "").replace("\xad", "-")


@pytest.fixture
def project(rita: Client, opened: Opened) -> Project:
    """A project with everything that an analysis may deliver."""
    project = opened(title="Time at the loan desk")
    know(project, currency="EUR", hourly_rate=45, period={"type": "month"}, rows=ROWS)
    deliver_all(project, full_contents())
    return project


def test_the_pdf_has_title_author_language_and_tags_for_screen_readers(project: Project) -> None:
    read = PdfReader(io.BytesIO(pdf_of(project)))
    assert read.metadata is not None
    assert (read.metadata.title, read.metadata.author) == ("Time at the loan desk", "rita")
    assert read.root_object["/Lang"] == "en"
    assert read.root_object["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in read.root_object
    assert b"pdfuaid" in pdf_of(project)
    with override("fr"):
        assert PdfReader(io.BytesIO(pdf_of(project))).root_object["/Lang"] == "fr"


def test_the_pages_are_a4_with_their_numbers_and_the_title_at_their_head(project: Project) -> None:
    pages = PdfReader(io.BytesIO(pdf_of(project))).pages
    assert len(pages) > 1
    for number, page in enumerate(pages, start=1):
        assert (round(page.mediabox.width), round(page.mediabox.height)) == A4
        assert f"Page {number} / {len(pages)}" in page.extract_text()
    assert all("Time at the loan desk" in page.extract_text() for page in pages[1:])


def test_the_pdf_says_what_the_page_says(project: Project, rita: Client) -> None:
    text = text_of(pdf_of(project))
    report = rita.get(reverse("portal:report", args=[project.pk])).context["report"]
    for figure in report.headline:
        assert figure.words.replace("\xa0", " ") in text
    for finding in report.findings:
        assert finding.title in text
    for heading in ("In short", "Main findings", "In pictures", "Assumptions", "Quality of the data", "Who gave what"):
        assert heading in text


def test_the_same_report_gives_the_same_bytes(project: Project) -> None:
    content = pdf_of(project)
    assert content == pdf_of(project)
    # The only moment in the file is that of the report, so it does not matter when the file is made.
    read = PdfReader(io.BytesIO(content))
    assert read.metadata is not None
    assert read.metadata.creation_date == (project.finished_at or project.opened_at).replace(microsecond=0)


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_in_a_text_is_printed_and_not_read(opened: Opened, markup: str) -> None:
    project = opened(title=markup)
    rows = [{"text": markup, "category": markup, "estimated_minutes": 30}] * 3
    know(project, rows=rows, currency="EUR", hourly_rate=45)
    deliver_all(project, contents(rows))
    deliver(project, "strange", {markup: [{markup: markup}], "text": markup * 20})
    content = pdf_of(project, for_staff=True)
    assert PdfReader(io.BytesIO(content)).metadata.title == printable_text(markup)  # type: ignore[union-attr]
    letters = "".join(text_of(content).split())
    assert "".join(markup.split()) in letters
    assert "root:" not in letters


def test_long_words_long_tables_and_many_tasks_stay_on_their_pages(opened: Opened) -> None:
    project = opened(title="W" * 180)
    rows: list[dict[str, Any]] = [
        {
            "text": f"Task {chr(65 + n % 26)}{chr(97 + n // 26)} " + "x" * 80,
            "category": "C" * 99,
            "estimated_minutes": 20,
        }
        for n in range(60)
        for _again in range(2)
    ]
    know(project, rows=rows, currency="EUR", hourly_rate=45)
    deliver_all(project, contents(rows))
    deliver(project, "wide", {"t": [{f"c{n}": f"{n} words here" for n in range(12)} for _row in range(150)]})
    read = PdfReader(io.BytesIO(pdf_of(project)))
    assert len(read.pages) > 5
    assert sum("C11" in page.extract_text() for page in read.pages) > 1  # the header comes again on each page


def test_a_table_of_thousands_of_rows_is_cut_and_says_where_the_others_are(rita: Client, opened: Opened) -> None:
    project = opened()
    found = full_contents()
    cluster = found["friction_analysis"]["clusters"][0]
    found["friction_analysis"]["clusters"] = [{**cluster, "sample_text": f"Task {n}"} for n in range(3000)]
    deliver_all(project, found)
    text = text_of(pdf_of(project))
    assert "The first 12 of 3,000 rows; the annex has more of them." in text
    assert "The first 500 of 3,000 rows; the workbook has all of them." in text


def test_a_project_with_a_single_strange_deliverable_has_a_pdf_without_empty_parts(opened: Opened) -> None:
    project = opened()
    deliver(project, "strange", {"note": "\ud800\x00 odd"})
    text = text_of(pdf_of(project))
    assert "Strange" in text
    assert "Main findings" not in text
    assert "In pictures" not in text


def test_without_the_typesetter_a_sentence_says_what_to_install(
    project: Project, rita: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typesetting, "find_spec", lambda name: None)
    with pytest.raises(ExportUnavailable, match=r"pip install 'interlock\[pdf\]'"):
        pdf_of(project)
    response = rita.get(reverse("portal:report-file", args=[project.pk, "pdf"]))
    assert response.status_code == 501
    assert "pip install" in response.content.decode()


def test_a_pdf_that_takes_too_long_is_stopped_with_a_sentence(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typesetting, "LONGEST_SECONDS", 0.01)
    with pytest.raises(ExportBusy, match="it was stopped"):
        pdf_of(project)


def test_callers_beyond_the_places_are_refused_at_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "callers", threading.BoundedSemaphore(1))
    with typesetting.place(), pytest.raises(ExportBusy, match="Ask for this one again in 10 seconds"):
        pdf_of(project)
    assert pdf_of(project).startswith(b"%PDF")


def test_the_typesetter_cannot_read_the_files_of_this_machine() -> None:
    job = {"template": '#read("/etc/hostname")', "inputs": {}, "timestamp": 0}
    with pytest.raises(ExportFailed, match="Take the workbook instead"):
        typesetting.run_child(json.dumps(job).encode())


def test_signs_that_the_pdf_cannot_show_are_named(opened: Opened) -> None:
    project = opened(title="Zeit für 日本")
    deliver(project, "strange", {"note": "fine"})
    assert "no letters: U+65E5 U+672C." in text_of(pdf_of(project))
    latin = opened(title="Zeit für ελ Кир → ½ №")
    deliver(latin, "strange", {"note": "fine"})
    assert "no letters" not in text_of(pdf_of(latin))
