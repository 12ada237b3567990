"""A real browser answers by the link of a mail, with nobody signed in."""

import subprocess
import sys
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.accessibility import axe
from tests.browser.demo_data import opened, rows
from tests.browser.live_system import ROOT, LiveSystem, environment
from tests.browser.visiting import Faults

MAKE_LINK = """
from accounts.models import User
from clarifications.mails.links import answer_link
from clarifications.models import Question
print(answer_link(Question.objects.get(pk="{question}"), User.objects.get(username="{name}")))
"""


def link_of(site: LiveSystem, question: str, name: str) -> str:
    """The path that a mail of the live system would have for this person."""
    code = MAKE_LINK.format(question=question, name=name)
    shell = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    made = subprocess.run(shell, env=environment(site.folder), cwd=ROOT, check=True, capture_output=True, text=True)
    return made.stdout.strip()


def test_a_link_is_answered_and_then_says_that_it_is(
    site: LiveSystem, visitor: Callable[..., Page], faults: Faults
) -> None:
    project = opened(site, "By the link", requester="rita", context=rows())
    asked = site.wait_for("CLARIFICATION.QUESTION_ASKED", project_id=project, field="hourly_rate")
    link = link_of(site, asked["payload"]["question_id"], "rita")
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


def test_the_pages_of_a_link_are_accessible(site: LiveSystem, visitor: Callable[..., Page], faults: Faults) -> None:
    project = opened(site, "By the link, for all", requester="rita", context=rows())
    asked = site.wait_for("CLARIFICATION.QUESTION_ASKED", project_id=project, field="hourly_rate")
    link = link_of(site, asked["payload"]["question_id"], "rita")
    page = visitor(color_scheme="dark")
    for address in (link, link.replace("/answer/", "/answer/x")):
        faults.allow("404")
        page.goto(address)
        faults.allow("Applying inline style violates")  # axe-core tries one on some pages; ours have none
        assert axe(page) == []
