"""The templates of the load: each exercises one thing that can go wrong in another way."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Longer than the time after which an entry that nobody renews is taken over.
SLOW_SECONDS = 5.0


@dataclass(frozen=True)
class Sort:
    """A sort of project: its template, how often it is asked for, how it has to end, what its agents are told."""

    template: str
    weight: int
    ends: str = "DONE"
    told: tuple[tuple[str, float], ...] = ()
    is_quick: bool = False
    has_rows: bool = False

    def request_text(self, log: Path) -> str:
        """Return the text of a request; a sort whose agents are told something has it as JSON."""
        return json.dumps({"log": str(log), **dict(self.told)}) if self.told else "Find out where our time goes."


SORTS = {
    "plain": Sort("minimal", 40, is_quick=True),
    "question": Sort("chaos-question", 20),
    "asking": Sort("chaos-asking", 6),
    "approval": Sort("chaos-approval", 12),
    "flaky": Sort("chaos-flaky", 6, told=(("fail", 2),)),
    "hopeless": Sort("chaos-hopeless", 3, ends="FAILED"),
    "slow": Sort("chaos-slow", 4, told=(("seconds", SLOW_SECONDS),)),
    "audit": Sort("audit", 3, has_rows=True),
}
ROWS = [
    {"text": "Copy figures", "category": "Reports", "estimated_minutes": 30},
    {"text": "Copy figures!", "category": "Reports", "estimated_minutes": 25},
    {"text": "Call customers", "category": "Sales", "estimated_minutes": 45},
]
BUDGET = {
    "type": "object",
    "required": ["budget"],
    "properties": {"budget": {"type": "number", "title": "Budget", "exclusiveMinimum": 0}},
}
# Answers by the field that a question is about.
ANSWERS: dict[str, Any] = {"budget": 100, "hourly_rate": 45, "period": {"type": "month"}, "colour": "red"}


def step(key: str, agent: str = "generic_worker", **more: Any) -> dict[str, Any]:
    """Return an item; it may be tried so often that only a fault that lasts makes it fail."""
    return {
        "key": key, "title": key.capitalize(), "agent_target": agent, "timeout_seconds": 60, "max_attempts": 30, **more
    }  # fmt: skip


def definitions() -> list[dict[str, Any]]:
    """Return the definitions of the templates that do not come with the system."""
    items = {
        "chaos-question": [step("one", needs=BUDGET), step("two", needs=BUDGET), step("last", depends_on=["one"])],
        "chaos-asking": [step("only", "asking_worker")],
        "chaos-approval": [step("first", approval="before"), step("second", approval="after", depends_on=["first"])],
        "chaos-flaky": [step("only", "flaky_worker"), step("last", depends_on=["only"])],
        "chaos-hopeless": [step("only", "hopeless_worker")],
        "chaos-slow": [step("only", "slow_worker")],
    }
    return [{"name": name, "title": name, "items": those} for name, those in items.items()]
