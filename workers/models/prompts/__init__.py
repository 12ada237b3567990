"""The prompts, as files: `NAME.vVERSION.txt` with the instructions, and `NAME.vVERSION.schema.json` for the answer.

A version that was released is never changed, since the ledger names it for each call: a better prompt is a new version.
"""

import json
from functools import cache
from pathlib import Path

from workers.models.contract import Prompt

FOLDER = Path(__file__).parent


@cache
def prompt(name: str, version: int) -> Prompt:
    """Return this version of the prompt. Raises FileNotFoundError if there is none."""
    instructions = (FOLDER / f"{name}.v{version}.txt").read_text(encoding="utf-8").strip()
    answer_schema = json.loads((FOLDER / f"{name}.v{version}.schema.json").read_text(encoding="utf-8"))
    return Prompt(name, version, instructions, answer_schema)
