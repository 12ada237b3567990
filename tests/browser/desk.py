"""What several browser tests do: send in an audit, and find their way to its pages."""

from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.live_system import LiveSystem
from tests.flows import KNOWN, request

ROWS = [
    {"text": "Match payments", "category": "Receivable", "estimated_minutes": 90},
    {"text": "Match payments", "category": "Receivable", "estimated_minutes": 30},
    {"text": "Close the month", "category": "Close", "estimated_minutes": 120},
]


def send_in(site: LiveSystem, template: str = "audit", **said: Any) -> str:
    """The id of a new project, which is open when this returns."""
    said = {"requester": "rita", **said, "work_context": {**KNOWN, **said.get("work_context", {"rows": ROWS})}}
    event = request(template, **said)
    project_id = str(event["payload"]["project_id"])
    site.put(event)
    site.wait_for("PROJECT.OPENED", project_id=project_id)
    return project_id


def question_of(site: LiveSystem, project_id: str, field: str) -> str:
    """The id of the question about this field, once it is asked."""
    asked = site.wait_for("CLARIFICATION.QUESTION_ASKED", project_id=project_id, field=field)
    return str(asked["payload"]["question_id"])


def open_question(page: Page, site: LiveSystem, project_id: str, field: str = "hourly_rate") -> None:
    """The page shows the question."""
    page.goto(f"/admin/clarifications/question/{question_of(site, project_id, field)}/change/")


def open_board(page: Page, project_id: str) -> None:
    """The page shows the project's board, and listens."""
    with page.expect_websocket() as socket:
        page.goto(f"/admin/backlog/project/{project_id}/change/")
    socket.value.wait_for_event("framereceived")


def card(page: Page, key: str, state: str) -> Locator:
    """The item's card, where it is in this state."""
    return page.locator(f'#board [data-key="{key}"][data-state="{state}"]')
