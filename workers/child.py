"""The child process of a worker: it runs one errand (one call of an agent's function) after another.

The child answers with tuples whose first value is "progressed", "result", "missing" or "failed". An agent that hangs
or grows cannot keep the child alive: the child ends with its parent, at its memory limit, or by a signal of the
worker when the time limit is over.
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

# An event holds 1 MiB of JSON, so a larger answer could not be sent in any case.
MOST_ANSWER_BYTES = 1 << 24
LONGEST_REASON = 2_000


def serve(connection: Connection, memory_bytes: int) -> None:
    """Run errands from the connection and answer them, until the worker closes the connection."""
    limit_memory(memory_bytes)
    with suppress(EOFError, OSError):
        while True:
            answer = answer_to(connection.recv(), connection)
            connection.send_bytes(answer)


def limit_memory(memory_bytes: int) -> None:
    """Limit this process's memory (0: no limit), and write no core file when the process crashes.

    The limit is on the memory that can be written to. Address space alone costs nothing, and the engine that sums up
    stored rows by columns reserves more of it than that.
    """
    import resource

    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory_bytes:
            resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def answer_to(task: Errand, connection: Connection) -> bytes:
    """Run the errand and return the pickled answer; a "failed" answer if it needs too much memory or is too large."""
    try:
        packed = pickle.dumps(outcome(task, connection))
    except MemoryError:
        return pickle.dumps(("failed", "out of memory", "TOOL_FAILURE", True, ""))
    except Exception as error:
        packed = pickle.dumps(failure(error, "TOOL_FAILURE"))
    if len(packed) <= MOST_ANSWER_BYTES:
        return packed
    return pickle.dumps(("failed", "The result is larger than an event can carry.", "TOOL_FAILURE", False, ""))


def outcome(task: Errand, connection: Connection) -> tuple[Any, ...]:
    """Run the errand and return the answer as a tuple. Raises MemoryError only; an unknown error has its traceback."""
    try:
        result = errand.run_errand(task, lambda done, total: connection.send(("progressed", done, total)))
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
    """Return the answer ("failed", reason, category, whether another try makes sense, traceback for the log)."""
    reason = (str(error) or type(error).__name__)[:LONGEST_REASON]
    return ("failed", reason, category, getattr(error, "retryable", True), "")


def become(file_descriptor: int, memory_bytes: int) -> None:
    """Turn this forked process into a child that serves the connection; exit the process afterwards."""
    try:
        serve(Connection(file_descriptor), memory_bytes)
    finally:
        os._exit(0)
