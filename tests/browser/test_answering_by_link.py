"""A real browser answers by the link of a mail, with nobody signed in."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import axe
from tests.browser.demo_data import opened, rows
from tests.browser.desk import question_of
from tests.browser.live_system import ROOT, LiveSystem, environment
from tests.browser.visiting import Faults

MAKE_LINKS = """
from accounts.models import User
from clarifications.mails.links import answer_link
from clarifications.models import Question
for question in {questions}:
    print(answer_link(Question.objects.get(pk=question), User.objects.get(username="rita")))
"""


@pytest.fixture(scope="module")
def links(site: LiveSystem) -> list[tuple[str, str]]:
    """Two projects of rita's, and for each the path that a mail would have for her; one process makes both."""
    projects = [opened(site, title, requester="rita", context=rows()) for title in ("By the link", "For all")]
    questions = [question_of(site, project, "hourly_rate") for project in projects]
    shell = [sys.executable, "manage.py", "shell", "-v", "0", "-c", MAKE_LINKS.format(questions=questions)]
    made = subprocess.run(shell, env=environment(site.folder), cwd=ROOT, check=True, capture_output=True, text=True)
    return list(zip(projects, made.stdout.split(), strict=True))


def test_a_link_is_answered_and_then_says_that_it_is(
    site: LiveSystem, links: list[tuple[str, str]], visitor: Callable[..., Page], faults: Faults
) -> None:
    project, link = links[0]
    page = visitor(viewport={"width": 390, "height": 844})
    page.goto(link)
    expect(page.get_by_text("You answer as rita")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, "the page scrolls sideways"
    page.get_by_label("Hourly rate").fill("45.5")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    answered = site.wait_for("CLARIFICATION.ANSWER_PROVIDED", project_id=project)
    assert (answered["payload"]["answer"], answered["payload"]["door"]) == (45.5, "link")
    faults.allow("410")
    page.goto(link)
    expect(page.get_by_text("was answered by rita with 45.5")).to_be_visible()


def test_the_pages_of_a_link_are_accessible(
    links: list[tuple[str, str]], visitor: Callable[..., Page], faults: Faults
) -> None:
    _, link = links[1]
    page = visitor(color_scheme="dark")
    for address in (link, link.replace("/answer/", "/answer/x")):
        faults.allow("404")
        page.goto(address)
        faults.allow("Applying inline style violates")  # axe-core tries one on some pages; ours have none
        assert axe(page) == []
