"""Staff and the backlog in the admin: they look, and services act for them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from backlog.models import Deliverable, Item, Project, Template
from clarifications.models import Question
from events.clock import database_now
from tests.flows import step, template

pytestmark = pytest.mark.django_db

ITEMS = "admin:backlog_item_changelist"


def act(client: Client, action: str, *items: Item, **data: str) -> tuple[Any, list[str]]:
    """What the list of items answers to an action on these, and the messages it leaves."""
    chosen = {"action": action, "_selected_action": [str(item.pk) for item in items]}
    response = client.post(reverse(ITEMS), {**chosen, **data})
    return response, [str(message) for message in get_messages(response.wsgi_request)]


def states(project: Project) -> dict[str, str]:
    """Key → state, as the database has them now."""
    return dict(Item.objects.filter(project=project).values_list("key", "state"))


def test_a_projects_page_tells_its_whole_story(staff: Client, question: Question) -> None:
    item = Item.objects.get(key="requirements")
    content = {"about": "<script>alert(1)</script>", "count": 3}
    about = {"pk": item.current_dispatch, "project": item.project, "item": item, "type": "requirements_analysis"}
    Deliverable.objects.create(**about, content=content, confidence=0.8, agent="x", timestamp=database_now())
    html = staff.get(reverse("admin:backlog_project_change", args=[question.project_id])).content.decode()
    words = ["0 of 7", "Waits for an answer", "In progress", "Hourly rate", "rita", "requirements_analysis"]
    for text in [*words, "A worker is told to do the item", "WORK.ITEM_DISPATCHED", "What depends on what"]:
        assert text in html, text
    html += staff.get(reverse("admin:backlog_deliverable_change", args=[item.current_dispatch])).content.decode()
    assert "&lt;script&gt;" in html
    assert "<script>alert" not in html


def test_the_list_of_projects_shows_progress_in_few_queries(
    staff: Client, opened: Callable[..., Project], django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        opened()
    with django_assert_max_num_queries(11):
        html = staff.get(reverse("admin:backlog_project_changelist")).content.decode()
    assert html.count("0 of 7") == 5


@pytest.mark.parametrize("model", ["project", "item", "deliverable", "template"])
def test_nothing_of_the_backlog_is_added_or_deleted_by_hand(staff: Client, model: str) -> None:
    assert staff.get(reverse(f"admin:backlog_{model}_add")).status_code == 403
    assert "delete_selected" not in staff.get(reverse(f"admin:backlog_{model}_changelist")).content.decode()


def test_a_ready_item_is_dispatched_and_another_is_not(staff: Client, opened: Callable[..., Project]) -> None:
    project = opened(template(step("one", auto_dispatch=False), step("two", depends_on=["one"])))
    _, words = act(staff, "dispatch_items", *project.members)
    assert states(project) == {"one": "IN_PROGRESS", "two": "CREATED"}
    assert words == ["Dispatched: One (one).", "Nothing changed. Two (two) waits for 1 other item."]


def test_only_a_failed_item_is_retried(staff: Client, opened: Callable[..., Project]) -> None:
    project = opened(template(step("one")))
    _, (words,) = act(staff, "retry_items", *project.members)
    assert words.startswith("Nothing changed. One (one) is “In progress” and cannot become “Ready”.")


def test_cancelling_asks_for_a_reason_and_takes_what_depends_on_it(
    staff: Client, opened: Callable[..., Project]
) -> None:
    project = opened(template(step("one"), step("two", depends_on=["one"])))
    response, words = act(staff, "cancel_items", *project.members)
    assert ("Cancel, with a reason" in response.content.decode(), words) == (True, [])
    _, words = act(staff, "cancel_items", *project.members, reason="Not wanted.")
    assert words == ["Cancelled: Two (two), One (one)."]
    assert set(Item.objects.values_list("state", "reason")) == {("CANCELLED", "Not wanted.")}


def test_cancelling_without_a_reason_changes_nothing(staff: Client, opened: Callable[..., Project]) -> None:
    project = opened(template(step("one")))
    response, _ = act(staff, "cancel_items", *project.members, reason=" ")
    assert "This field is required." in response.content.decode()
    assert states(project) == {"one": "IN_PROGRESS"}


def test_work_that_nobody_finished_cannot_be_waived(staff: Client, opened: Callable[..., Project]) -> None:
    project = opened(template(step("one")))
    _, (words,) = act(staff, "waive_items", *project.members, reason="It will do.")
    assert "there is nothing to waive" in words
    assert states(project) == {"one": "IN_PROGRESS"}


def test_an_item_has_no_actions_for_who_may_only_look(viewer: Client, opened: Callable[..., Project]) -> None:
    project = opened(template(step("one")))
    assert "dispatch_items" not in viewer.get(reverse(ITEMS)).content.decode()
    act(viewer, "cancel_items", *project.members, reason="Not wanted.")
    assert states(project) == {"one": "IN_PROGRESS"}


# -- templates -------------------------------------------------------------------------------------
def save(client: Client, template: Template, yaml: str) -> str:
    """The page after saving this YAML over the template."""
    url = reverse("admin:backlog_template_change", args=[template.pk])
    return client.post(url, {"definition": yaml}, follow=True).content.decode()


@pytest.fixture
def minimal() -> Template:
    """A template as it is shipped."""
    return Template.objects.get(name="minimal")


def shown(client: Client, template: Template) -> str:
    """The YAML that the template's page offers for editing."""
    url = reverse("admin:backlog_template_change", args=[template.pk])
    return str(client.get(url).context["form"]["definition"].value())


def test_an_edited_template_is_saved_as_a_new_version(staff: Client, minimal: Template) -> None:
    html = save(staff, minimal, shown(staff, minimal).replace("title: ", "title: Smaller ", 1))
    newest = Template.objects.filter(name="minimal").first()
    assert newest is not None
    assert (newest.version, newest.created_by) == (minimal.version + 1, "ann")
    assert newest.definition["items"] == minimal.definition["items"]
    assert "New projects take minimal v2 from now on." in html


@pytest.mark.parametrize("name", ["audit", "software", "minimal"])
def test_what_is_shown_of_a_template_says_what_it_says(staff: Client, name: str) -> None:
    shipped = Template.objects.get(name=name)
    save(staff, shipped, shown(staff, shipped))
    assert Template.objects.filter(name=name).count() == 1


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("items: [", "not YAML"),
        ("[" * 90_000, "within each other more than 50 deep"),
        ("just words", "mapping"),
        ("name: x\ntitle: X\nitems: []", "items"),
        ("name: x\ntitle: X\nitems: [{key: a, title: A, agent_target: b, colour: red}]", "colour"),
        ('name: "x\\0"\ntitle: X\nitems: [{key: a, title: A, agent_target: b}]', "NUL"),
        ("a: &a [1]\nb: [" + "*a," * 11 + "]", "aliases"),
        ("1: one", "not a string"),
    ],
)
def test_a_template_that_cannot_be_used_is_not_saved(staff: Client, minimal: Template, yaml: str, words: str) -> None:
    before = Template.objects.count()
    assert words in save(staff, minimal, yaml)
    assert Template.objects.count() == before


def test_a_template_is_not_saved_by_who_may_only_look(viewer: Client, minimal: Template) -> None:
    assert (
        "Save as version"
        not in viewer.get(reverse("admin:backlog_template_change", args=[minimal.pk])).content.decode()
    )
    save(viewer, minimal, "name: x")
    assert Template.objects.filter(name="minimal").count() == 1


@pytest.mark.parametrize("address", ["backlog/project", "backlog/item", "clarifications/question"])
def test_a_list_is_searched_by_words_or_by_a_whole_id(staff: Client, question: Question, address: str) -> None:
    def found(words: str) -> list[Any]:
        return list(staff.get(f"/admin/{address}/", {"q": words}).context["cl"].result_list)

    everything = found("loan desk")
    assert everything
    assert found(str(everything[0].pk)) == everything[:1]
    assert found("no such words") == []
