"""What `pip install` brings: every file that the product opens, under one name. Hatchling lists it: no build."""

import re
import subprocess
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.house import ROOT, sources

# What is at the top of the repository for those who build and run Interlock, and opened by no process of it.
NOT_INSTALLED = {
    ".ci", ".dockerignore", ".editorconfig", ".github", ".gitignore", ".pre-commit-config.yaml", ".secrets.baseline",
    "CHANGELOG.md", "CONTRIBUTING.md",
    "LICENSE", "Makefile", "README.md", "SECURITY.md", "benchmarks", "clients", "deploy", "docs", "pyproject.toml",
    "requirements.lock", "scripts", "tests", "zensical.toml",
}  # fmt: skip


@pytest.fixture(scope="module")
def wheel() -> dict[str, str]:
    """{name in the wheel: name in the repository}"""
    files = WheelBuilder(str(ROOT)).recurse_included_files()
    return {file.distribution_path: str(Path(file.path).relative_to(ROOT)) for file in files}


def tracked() -> list[str]:
    """The files of the repository."""
    return subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()


def test_it_takes_one_name_in_the_folder_of_all_packages(wheel: dict[str, str]) -> None:
    assert {name.split("/")[0] for name in wheel} == {"interlock"}


def test_every_file_is_installed_or_in_a_folder_that_is_meant_not_to_be(wheel: dict[str, str]) -> None:
    expected = [name for name in tracked() if name.split("/")[0] not in NOT_INSTALLED and not name.endswith(".po")]
    names = {name: name if name.startswith("interlock/") else f"interlock/{name}" for name in expected}
    missing = [name for name, installed in names.items() if installed not in wheel]
    assert missing == [], "name them in pyproject.toml, tool.hatch.build.targets.wheel"


def test_what_the_code_names_beside_its_rooms_is_installed(wheel: dict[str, str]) -> None:
    named = {name for path in sources() for name in re.findall(r'BASE_DIR / "([^"]+)"', path.read_text())}
    assert named >= {"templates", "locale", "examples", "manage.py", ".env.example"}
    installed = {name.split("/")[1] for name in wheel}
    assert named <= installed


def test_the_source_archive_has_all_that_the_wheel_is_made_of_and_no_pictures(wheel: dict[str, str]) -> None:
    archived = {file.relative_path for file in SdistBuilder(str(ROOT)).recurse_included_files()}
    assert set(wheel.values()) <= archived
    assert {name for name in archived if name.startswith(("docs/images", "var/", ".venv"))} == set()
