"""What is done of an item without broker, database and Django: in a child process, or in place where it is quick."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from intake.spreadsheets.rows import Rows
from intake.spreadsheets.unpacking import TooLarge, document
from workers.contract import AGENTS, AgentSpec, DataInsufficient, Missing, Result, missing_fields

Progressed = Callable[[int, int], None]


@dataclass(frozen=True)
class Errand:
    """An agent, and what it is given: the context as it came, and where on disk its references are kept."""

    agent: str
    module: str
    context: dict[str, Any]
    rows_at: Path | None = None
    rows_total: int = 0
    deliverables_at: Path | None = None
    deliverables_sha256: str = ""
    most_unpacked_bytes: int = 1 << 25

    @property
    def spec(self) -> AgentSpec:
        """The agent, its module imported where this process has not done so yet."""
        if self.agent not in AGENTS:
            import_module(self.module)
        return AGENTS[self.agent]


def run(errand: Errand, progressed: Progressed) -> Result:
    """The agent's result. Raises Missing with what a person has to say first, or what the agent raises."""
    spec = errand.spec
    try:
        context = resolved(errand, progressed)
        if missing := missing_fields(spec, context):
            raise Missing(missing, f"{spec.name} cannot work without it.")
        return spec.run(spec.input_model.model_validate(context))
    except TooLarge as error:
        raise DataInsufficient(str(error)) from error


def resolved(errand: Errand, progressed: Progressed) -> dict[str, Any]:
    """The context with its references resolved: rows are streamed from where they are stored."""
    context = {k: v for k, v in errand.context.items() if k not in ("rows_ref", "deliverables_ref")}
    if at := errand.deliverables_at:
        context["deliverables"] = document(at, errand.deliverables_sha256, errand.most_unpacked_bytes)
    inline = Rows.of(context.get("rows") or [])
    rows = Rows.from_ndjson(errand.rows_at, errand.rows_total) if errand.rows_at else inline
    return {**context, "rows": rows.watched(progressed)}
