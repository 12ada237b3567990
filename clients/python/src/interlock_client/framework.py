"""What the adapters to agent frameworks share: asking without blocking a loop, and a run that is kept in a file.

A framework ends its run where a person is needed, and can begin again there from what it gives out. The adapters keep
that in a file before they ask. So a process that dies while people think goes on from the file, with the same
questions, since their keys are made of the run's id and the call's.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from interlock_client.asking import (
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    Answer,
    Decision,
    NotAnswered,
    decision_of,
    find_answer,
    put_approval,
    put_question,
)
from interlock_client.client import Client, Json

FOREVER = float("inf")


# -- people ----------------------------------------------------------------------------------------
async def ask_person(client: Client, *, key: str, seconds: float, **question: Any) -> Any:
    """Ask a person, wait, and return the answer's value. Raises NotAnswered or TimeoutError."""
    question_id = await asyncio.to_thread(lambda: put_question(client, key=key, **question))
    return (await answer_to(client, question_id, seconds)).value


async def decide(client: Client, *, key: str, seconds: float, **words: str) -> Decision:
    """Ask a person to approve, wait, and return the decision. Raises TimeoutError.

    What nobody will decide (declined, expired), and what is too long to be read in full, is not approved; `notes` say
    why.
    """
    try:
        question_id = await asyncio.to_thread(lambda: put_approval(client, key=key, **words))
        return decision_of(await answer_to(client, question_id, seconds))
    except (NotAnswered, ValueError) as error:
        return Decision(approved=False, notes=str(error), decided_by="")


async def answer_to(client: Client, question_id: str, seconds: float) -> Answer:
    """Return the answer as soon as there is one. Raises NotAnswered, or TimeoutError after `seconds`."""
    clock, wait = asyncio.get_running_loop().time, FIRST_WAIT_SECONDS
    began = clock()
    while (answer := await asyncio.to_thread(find_answer, client, question_id)) is None:
        if clock() - began > seconds:
            raise TimeoutError(f"Nobody has answered after {seconds} s; the question is still open.")
        await asyncio.sleep(wait)
        wait = min(wait * 1.5, LONGEST_WAIT_SECONDS)
    return answer


# -- runs ------------------------------------------------------------------------------------------
def kept(file: Path) -> Json:
    """Return what was kept of the run; an empty object before its first pause."""
    return dict(json.loads(file.read_text())) if file.exists() else {}


def keep(file: Path, run: Json) -> None:
    """Replace what is kept of the run: after a crash there is the older or the newer, and never a half of it."""
    new = file.with_name(f"{file.name}.new")
    with open(new, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as target:
        json.dump(run, target)
        target.flush()
        os.fsync(target.fileno())
    new.replace(file)
