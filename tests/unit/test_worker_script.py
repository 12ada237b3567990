"""The worker in bash keeps its key to itself."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEY = "ilk_secret"
# Stands in for curl: notes what it was called with, and what the header file says; nothing is there to be leased.
CURL = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$NOTES/arguments"
env >> "$NOTES/environment"
while [ $# -gt 0 ]; do [ "$1" = -H ] && cat "${2#@}" >> "$NOTES/header"; shift; done
cat > "$NOTES/body"
exit 22
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder with a curl of its own, where this notes what it was told."""
    (tmp_path / "curl").write_text(CURL)
    (tmp_path / "curl").chmod(0o755)
    return tmp_path


def work(notes: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The script, until curl fails."""
    told = {**os.environ, "PATH": f"{notes}:{os.environ['PATH']}", "NOTES": str(notes), **env}
    words = ["bash", str(ROOT / "examples" / "worker.sh"), "http://nowhere"]
    return subprocess.run(words, env=told, capture_output=True, text=True, timeout=30)


def test_the_key_is_in_no_commands_arguments_or_environment_and_in_its_header(notes: Path) -> None:
    work(notes, INTERLOCK_KEY=KEY)
    assert (notes / "header").read_text() == f"Authorization: Bearer {KEY}\n"
    assert "work/lease" in (notes / "arguments").read_text()
    assert KEY not in (notes / "arguments").read_text()
    assert KEY not in (notes / "environment").read_text()
    assert '"agent": "cost_worker"' in (notes / "body").read_text()


def test_without_a_key_it_says_what_to_set(notes: Path) -> None:
    done = work(notes)
    assert done.returncode != 0
    assert "INTERLOCK_KEY: is not set" in done.stderr


def test_no_document_puts_a_key_into_an_argument() -> None:
    texts = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*"), *ROOT.glob("clients/**/*.md")]
    lines = [line for path in texts if path.is_file() for line in path.read_text(errors="replace").splitlines()]
    assert not [
        line for line in lines if "curl" in line and (("Bearer" in line and "printf" not in line) or "$AUTH" in line)
    ]
