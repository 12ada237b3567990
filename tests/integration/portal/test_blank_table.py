"""The table to fill in: its headers are known in each language, and what explains it is taken for no row."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import xlsxwriter  # type: ignore[import-untyped]
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.roles import REQUESTER
from tests.callers import account
from tests.readings import read_path, read_text

pytestmark = pytest.mark.django_db
LANGUAGES = [code for code, _name in settings.LANGUAGES]
ROW = ["Match payments", "Receivables", "90", "2026-03-31", "Ann"]


def table(form: str, language: str) -> bytes:
    """The table that a person is given who reads this language."""
    client = Client(headers={"accept-language": language})
    client.force_login(account(f"rita-{language}", REQUESTER))
    response = client.get(reverse("portal:blank-table", args=[form]))
    assert response.status_code == 200
    return bytes(response.content)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filled_in_table_is_read_completely(language: str) -> None:
    read = read_text(table("csv", language) + ",".join(ROW).encode() + b"\r\n")
    assert read.table.reading.roles == ["text", "category", "duration", "date", "person"]
    assert (read.minutes, read.table.warnings, read.questions) == (90, [], {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filled_in_workbook_is_read_without_its_explanations(language: str, tmp_path: Path) -> None:
    sheets = python_calamine.CalamineWorkbook.from_filelike(BytesIO(table("xlsx", language)))
    with xlsxwriter.Workbook(str(tmp_path / "tasks.xlsx")) as book:
        for place, name in enumerate(sheets.sheet_names):
            lines: list[Any] = [*sheets.get_sheet_by_name(name).to_python(), *([] if place else [ROW])]
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    read = read_path(tmp_path / "tasks.xlsx")
    assert (len(read.rows), read.minutes, read.table.warnings) == (1, 90, [])


def test_the_form_offers_it() -> None:
    client = Client()
    client.force_login(account("rita", REQUESTER))
    page = client.get(reverse("portal:new")).content.decode()
    assert all(reverse("portal:blank-table", args=[form]) in page for form in ("csv", "xlsx"))
    assert client.get("/requests/table.pdf").status_code == 404
