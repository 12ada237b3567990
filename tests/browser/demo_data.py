"""Projects in every state, for pictures of the pages: put on the log of a live system as others would put them."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from intake.spreadsheets.outside import read_rows
from tests.browser.live_system import ABSENT_AGENT, ROOT, LiveSystem
from tests.flows import envelope, failed, reply, request
from tests.waiting import wait_until

SAMPLE = ROOT / "examples" / "finance_month.csv"
WISH = "Find out where the team loses time. The report must show what that costs and what an agent could take over."
CHANGE = "Staff need a page that lists open invoices by age. It must name the customer. It should load within a second."


@dataclass(frozen=True)
class Demo:
    """The ids of what a page can be about."""

    done: str
    waiting: str
    failed: str
    running: str
    question: str
    tasks: str


def demo_data(system: LiveSystem) -> Demo:
    """Several projects and two dead letters, once each has come as far as it goes."""
    done = opened(system, "Finance, March", requester="rita", context={"hourly_rate": 45, **rows()})
    waiting = opened(system, "Finance, April", requester="rita", context=rows())
    for title, requester in (("Purchasing, first quarter", "remy"), ("Month-end close", "rita")):
        opened(system, title, requester=requester, context=rows())
    opened(system, "Key figures of the desk", requester="remy", text=f"{WISH} Which KPI is worst?", context=rows())
    running = opened(system, "Open invoices by age", requester="rita", template="software", text=CHANGE)
    broken = opened(system, "Dunning letters", requester="remy", template="software", text=CHANGE)
    system.put(reply(sent(system, running), "WORK.ITEM_STARTED"))
    system.put(failed(sent(system, broken), "The build server is gone.", category="TOOL_FAILURE", retryable=False))
    system.put(b'{"event_type": "WORK.ITEM_COMPL', envelope("INVOICE.PAID", {"number": 4711}))
    system.wait_for("REPORT.FINAL_PUBLISHED", project_id=done, seconds=60)
    system.wait_for("PROJECT.FAILED", project_id=broken)
    wait_until(lambda: system.dead_letters() >= 2, 30)
    asked = system.wait_for("CLARIFICATION.QUESTION_ASKED", project_id=waiting)
    without_rows = opened(system, "Time at the front desk", requester="rita")
    tasks = system.wait_for("CLARIFICATION.QUESTION_ASKED", project_id=without_rows, field="rows")
    questions = {"question": asked["payload"]["question_id"], "tasks": tasks["payload"]["question_id"]}
    return Demo(done, waiting, broken, running, **questions)


def opened(
    system: LiveSystem,
    title: str,
    *,
    requester: str,
    template: str = "audit",
    text: str = WISH,
    context: dict[str, Any] | None = None,
) -> str:
    """The id of a project that has been asked for."""
    named = {"title": title, "requester": requester, "request_text": text, "work_context": context or {}}
    asked = request(template, **named)
    system.put(asked)
    return str(asked["payload"]["project_id"])


@cache
def rows() -> dict[str, Any]:
    """The sample spreadsheet as a work context."""
    return {"currency": "EUR", "rows": list(read_rows(SAMPLE))}


def sent(system: LiveSystem, project: str) -> dict[str, Any]:
    """The dispatch of the project's item that nobody works on."""
    return system.wait_for("WORK.ITEM_DISPATCHED", project_id=project, agent_target=ABSENT_AGENT)
