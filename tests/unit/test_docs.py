"""The documentation: each link leads somewhere, each page is in the menu, each command shown is one that there is."""

import re
import shlex
import tomllib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from scripts import docs

ROOT = docs.ROOT
WRITTEN = sorted((ROOT / "docs").rglob("*.md"))
TEXTS = [*WRITTEN, ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md"]
BLOCKS = re.compile(r"```sh\n(.*?)```", re.DOTALL)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target: Path = tmp_path_factory.mktemp("docs") / "docs"
    docs.collect(target)
    return target


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    assert docs.dead_links(site) == []


def test_a_dead_link_is_found(site: Path) -> None:
    page = site / "broken.md"
    page.write_text("[one](index.md#words) [two](gone.md) [three](index.md#nowhere)\n```\n[four](gone.md)\n```\n")
    assert docs.dead_links(site) == ["broken.md: gone.md", "broken.md: index.md#nowhere"]
    page.unlink()


def test_every_page_is_in_the_menu_and_every_entry_of_the_menu_is_a_page(site: Path) -> None:
    def pages_in(menu: Any) -> list[str]:
        if isinstance(menu, str):
            return [menu]
        return [page for entry in menu for page in pages_in(entry.values() if isinstance(entry, dict) else entry)]

    menu = pages_in(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"])
    assert sorted(menu) == sorted(path.relative_to(site).as_posix() for path in site.rglob("*.md"))


def commands_shown() -> list[tuple[str, str]]:
    """(page, line) for each command of the project in a block of shell lines."""
    return [
        (page.name, re.sub(r"\s{2,}# .*", "", line).strip())
        for page in TEXTS
        for block in BLOCKS.findall(page.read_text())
        for line in block.replace("\\\n", " ").splitlines()
        if re.match(r"(\./)?manage\.py |make\b", line)
    ]


@pytest.mark.parametrize(("page", "line"), commands_shown())
def test_every_command_shown_is_one_that_there_is(page: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program, *words = shlex.split(re.sub(r"\s*(\||>|&&).*", "", line))
    if program == "make":
        assert {word for word in words if "=" not in word} <= TARGETS
        return
    name, *arguments = words
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    monkeypatch.setattr(ArgumentParser, "error", refused)
    parser.parse_args(arguments)


def refused(self: ArgumentParser, message: str) -> None:
    """Fail instead of ending the process, as a parser does."""
    pytest.fail(f"{self.prog}: {message}")


@pytest.mark.parametrize(
    "address", sorted({a for p in TEXTS for a in re.findall(r"http://127\.0\.0\.1:8000(/[\w/.-]*)", p.read_text())})
)
def test_every_address_shown_is_one_that_there_is(address: str) -> None:
    known = address.replace("QUESTION_ID", "6f0d3a52-6c3f-4d0f-9a38-0a5f2b6f1c11")
    assert known == "/api/v1" or resolve(known)  # where all calls begin


def test_every_extra_is_on_the_page_about_installing() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    page = (ROOT / "docs" / "install.md").read_text()
    assert set(re.findall(r"^\| `interlock\[(\w+)\]`", page, re.MULTILINE)) == extras.keys()


def test_every_variable_that_a_page_names_is_one_that_there_is(site: Path) -> None:
    known = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (site / "reference" / "settings.md").read_text()))
    pages = [path for path in WRITTEN if path.parent.name == "tutorials" or path.name == "troubleshooting.md"]
    named = {name for path in pages for name in re.findall(r"`([A-Z]+_[A-Z0-9_]+)(?:=[^`]*)?`", path.read_text())}
    assert named - known == set()
    assert {"DATABASE_URL", "EMAIL_URL"} <= named
