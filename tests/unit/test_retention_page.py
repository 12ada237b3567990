"""The page about what grows has a line for every table, every folder and every setting."""

import re
from dataclasses import fields

from django.apps import apps

from config.settings import ENVIRONMENT
from environment.retention import Retention
from schemas.registry import registry
from tests.house import ROOT, sources

PAGE = (ROOT / "docs" / "retention.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
# How the product names a part of its data folder.
PART_OF_FOLDER = re.compile(r"""(?<!self\.)(?:DATA_DIR|data_dir)\)? / f?["']([a-z0-9_]+(?:\.[a-z0-9]+)?)""")


def lines_of(heading: str) -> dict[str, list[str]]:
    """The table below this heading: the other cells of each line by its first one."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:2] == "| "]
    return {row[0].strip("`"): row[1:] for row in rows[1:]}


def test_every_table_is_on_the_page_with_what_bounds_it() -> None:
    models = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert lines_of("Tables").keys() == models
    assert all(grows and bounds for grows, bounds in lines_of("Tables").values())


def test_every_part_of_the_data_folder_is_on_the_page() -> None:
    texts = [path.read_text() for path in sources()]
    assert lines_of("Folders").keys() == {name for text in texts for name in PART_OF_FOLDER.findall(text)}


def test_every_setting_is_on_the_page_with_its_default() -> None:
    known, page = Retention(), lines_of("Settings")
    expected = {f"KEEP_{field.name.upper()}_DAYS": str(getattr(known, field.name)) for field in fields(known)}
    assert {name: cells[0] for name, cells in page.items() if name.startswith("KEEP_")} == expected
    assert page.keys() <= ENVIRONMENT.names
    for name, default in expected.items():
        assert f"# {name}={default} " in EXAMPLE
    assert set(re.findall(r"KEEP_[A-Z_]+_DAYS", PAGE)) <= expected.keys()


def test_every_event_that_may_come_in_names_its_project_so_none_gets_around_one_that_is_archived() -> None:
    incoming = [pair for pair in registry().contracts() if registry().direction(*pair) != "out"]
    assert len(incoming) > 5
    assert [pair for pair in incoming if "project_id" not in registry().schema(*pair)["required"]] == []
