"""Prompts are files with a version. A version that was released never changes, since the ledger names it."""

import hashlib
import re

import pytest

from schemas.compiled import compile_schema
from workers.models.prompts import FOLDER, prompt

# The digest of each version's instructions and schema, together. Make a new version in place of changing one.
RELEASED = {
    "development_draft.v1": "c0b6070796192762a282627589aa0b0062ed85fd13b39230f5d004ec5c199b41",
    "executive_summary.v1": "1d97910e46f36674cf30b28d7901e9fc8e6f48bdb1346c93a5809ff5cf02bbdf",
    "requirements.v1": "d4668d7a1efdd1dbca09ce103689e74a14a76d6a0a6fef94fe7ec38fa569fc9c",
    "row_categories.v1": "4f0fda3db73b6c437ab230900bb68d181a085d55a59f94ce5f6034902180e678",
    "task_names.v1": "486750d6f882557d032be20bcb0a6d6adabd004e1e4a31b0800714af2db2be11",
    "test_design.v1": "063ac90fdb31c97a16c87978c4389c218a82dc02b69a547138708e8ebdd9d80f",
}


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
