"""A project is shown from its row alone, as the class that describes it for the OpenAPI document would show it."""

from uuid import UUID

import orjson
import pytest

from accounts.roles import OPERATOR
from api.project_rows import shown_project
from api.projects import ProjectShown
from api.renderers import json_bytes
from backlog.models import Item, Project
from backlog.selectors import projects_with_counts
from backlog.states import ItemState
from tests.api_seeds import seeded
from tests.callers import machine

pytestmark = pytest.mark.django_db


def test_every_project_is_shown_as_its_description_says() -> None:
    bot = machine("bot", OPERATOR)
    seeded("bot", "rita")
    Item.objects.filter(key="leased").update(state=ItemState.DONE)
    Project.objects.filter(requester="rita").update(intake={"file": "a.csv", "rows_read": 1})
    wanted = [orjson.loads(orjson.dumps(ProjectShown(project).data)) for project in projects_with_counts()]
    assert {(project["status"] == "CANCELLED", project["items_done"]) for project in wanted} == {(True, 1), (False, 1)}
    assert [orjson.loads(json_bytes(shown_project(UUID(project["id"])))) for project in wanted] == wanted
    assert bot.get("projects").json()["results"] == wanted
    assert [bot.get(f"projects/{project['id']}").json() for project in wanted] == wanted


def test_the_response_to_a_new_project_is_that_of_reading_it() -> None:
    bot = machine("bot", OPERATOR)
    opened = bot.post("projects", {"request_text": "Where does the time go?", "template": "minimal"})
    read = bot.get(f"projects/{opened.json()['id']}")
    assert (opened.status_code, opened["ETag"], opened.json()) == (201, read["ETag"], read.json())
