"""An errand: the part of an item that needs no broker, no database and no Django, so that a child process can do it.

A `quick` agent's errand runs in the worker itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from environment.model_access import ModelAccess
from intake.spreadsheets.rows import Rows
from intake.spreadsheets.unpacking import TooLarge, read_document
from workers.contract import AGENTS, AgentSpec, DataInsufficient, Missing, Result, missing_inputs
from workers.models.contract import Models

Progressed = Callable[[int, int], None]


@dataclass(frozen=True)
class Errand:
    """One call of an agent: the agent, its work context, and the files that the context refers to.

    `module` is the module that registers the agent. Rows and deliverables that are too large for the context are in
    the files `rows_at` and `deliverables_at`. `models` says which language models an agent with `uses_models` may ask.
    """

    agent: str
    module: str
    context: dict[str, Any]
    rows_at: Path | None = None
    rows_total: int = 0
    deliverables_at: Path | None = None
    deliverables_sha256: str = ""
    most_unpacked_bytes: int = 1 << 25
    models: ModelAccess | None = None

    @property
    def spec(self) -> AgentSpec:
        """Return the agent; import its module first if this process has not imported it yet."""
        if self.agent not in AGENTS:
            import_module(self.module)
        return AGENTS[self.agent]


def run_errand(errand: Errand, progressed: Progressed) -> Result:
    """Run the agent and return its result. Raises Missing for fields that a person has to supply first.

    Raises DataInsufficient if a stored file is too large, and whatever the agent raises.
    """
    spec = errand.spec
    try:
        context = resolved_context(errand, progressed)
        if missing := missing_inputs(spec, context):
            raise Missing(missing, f"{spec.name} cannot work without it.")
        work = spec.input_model.model_validate(context)
        return spec.run(work, gateway(errand.models or ModelAccess())) if spec.uses_models else spec.run(work)
    except TooLarge as error:
        raise DataInsufficient(str(error)) from error


def gateway(access: ModelAccess) -> Models:
    """Return the model gateway. Its module is imported here, so that no process has it that asks no model."""
    models: Models = import_module("workers.models.gateway").Gateway(access)
    return models


def resolved_context(errand: Errand, progressed: Progressed) -> dict[str, Any]:
    """Return the context with its references resolved; stored rows are read as a stream while they are iterated."""
    context = {k: v for k, v in errand.context.items() if k not in ("rows_ref", "deliverables_ref")}
    if at := errand.deliverables_at:
        context["deliverables"] = read_document(at, errand.deliverables_sha256, errand.most_unpacked_bytes)
    inline = Rows.of(context.get("rows") or [])
    rows = Rows.from_file(errand.rows_at, errand.rows_total) if errand.rows_at else inline
    return {**context, "rows": rows.with_watcher(progressed)}
