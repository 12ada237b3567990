"""Prompts are files with a version. A version that was released never changes, since the ledger names it."""

import hashlib
import re

import pytest

from schemas.compiled import compile_schema
from workers.models.prompts import FOLDER, prompt

# The digest of each version's instructions and schema, together. Make a new version in place of changing one.
RELEASED = {"executive_summary.v1": "1d97910e46f36674cf30b28d7901e9fc8e6f48bdb1346c93a5809ff5cf02bbdf"}


def names() -> list[str]:
    """Each prompt with its version."""
    return sorted(path.name.removesuffix(".txt") for path in FOLDER.glob("*.txt"))


def test_every_prompt_is_on_record() -> None:
    assert names() == sorted(RELEASED)


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_version_is_as_it_was(name: str) -> None:
    content = (FOLDER / f"{name}.txt").read_bytes() + (FOLDER / f"{name}.schema.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == RELEASED[name], "a changed prompt is a new version: copy the files"


@pytest.mark.parametrize("name", RELEASED)
def test_a_prompt_holds_no_data_and_its_schema_is_closed(name: str) -> None:
    found = prompt(name.rpartition(".v")[0], int(name.rpartition(".v")[2]))
    assert not re.search(r"[{}%]", found.instructions), "data go into the user's message, never into the instructions"
    assert found.answer_schema["additionalProperties"] is False
    assert compile_schema(dict(found.answer_schema)).problems({"other": 1})
