"""A child process: runs one agent's function after the other, and is ended by whoever started it.

What it says goes back as a tuple with a word in front: progressed, result, missing, failed. It is never in doubt
whether it ends: it dies with its parent, at its memory limit, or by a signal when its time is over.
"""

import os
import pickle
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from workers import errand
from workers.contract import AgentFailure, Contradiction, DataInsufficient, Missing
from workers.errand import Errand

# An event holds 1 MiB of JSON: what is larger than this could not be told to anybody.
MOST_ANSWER_BYTES = 1 << 24
LONGEST_REASON = 2_000


def serve(connection: Connection, memory_bytes: int) -> None:
    """Do errands until the parent hangs up."""
    limit(memory_bytes)
    with suppress(EOFError, OSError):
        while True:
            answer = answer_to(connection.recv(), connection)
            connection.send_bytes(answer)


def limit(memory_bytes: int) -> None:
    """Take no more memory than this (0: as much as there is), and leave no core behind."""
    import resource

    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory_bytes:
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def answer_to(task: Errand, connection: Connection) -> bytes:
    """What came of the errand, packed."""
    try:
        packed = pickle.dumps(outcome(task, connection))
    except MemoryError:
        return pickle.dumps(("failed", "out of memory", "TOOL_FAILURE", True, ""))
    except Exception as error:
        packed = pickle.dumps(failure(error, "TOOL_FAILURE"))
    if len(packed) <= MOST_ANSWER_BYTES:
        return packed
    return pickle.dumps(("failed", "Its result is larger than an event can carry.", "TOOL_FAILURE", False, ""))


def outcome(task: Errand, connection: Connection) -> tuple[Any, ...]:
    """What came of the errand, in plain values."""
    try:
        result = errand.run(task, lambda done, total: connection.send(("progressed", done, total)))
        return ("result", result)
    except Missing as missing:
        return ("missing", missing.fields, missing.reason)
    except DataInsufficient as error:
        return failure(error, "DATA_INSUFFICIENCY")
    except Contradiction as error:
        return failure(error, "REASONING_CONTRADICTION")
    except AgentFailure as error:
        return failure(error, "TOOL_FAILURE")
    except MemoryError:
        raise
    except Exception as error:
        return (*failure(error, "TOOL_FAILURE")[:-1], traceback.format_exc()[-10_000:])


def failure(error: Exception, category: str) -> tuple[Any, ...]:
    """(failed, reason, category, whether another try makes sense, what to log)."""
    reason = (str(error) or type(error).__name__)[:LONGEST_REASON]
    return ("failed", reason, category, getattr(error, "retryable", True), "")


def become(file_descriptor: int, memory_bytes: int) -> None:
    """Be a child on this connection, and end."""
    try:
        serve(Connection(file_descriptor), memory_bytes)
    finally:
        os._exit(0)
