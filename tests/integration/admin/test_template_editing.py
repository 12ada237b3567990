"""Templates in the browser: previewed, saved as new versions, compared, used again."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backlog import blueprints
from backlog.admin import templates as template_admin
from backlog.admin.templates import MOST_COUNTED, TemplateAdmin
from backlog.blueprints import add_version, load_blueprints, newest_version, shipped_definitions
from backlog.models import Project, Template
from events.clock import database_now
from tests.flows import step

pytestmark = pytest.mark.django_db

LIST = "admin:backlog_template_changelist"
YAML = """name: own
title: Own
items:
  - key: first
    title: First
    agent_target: worker
  - key: second
    title: Second
    agent_target: worker
    depends_on: [first]
"""


def version(title: str = "Own", *items: dict[str, Any], by: str = "bob") -> Template:
    """A new version of the template `own`."""
    listed = list(items) or [step("first"), step("second", depends_on=["first"])]
    return add_version({"name": "own", "title": title, "items": listed}, by=by)


def page(template: Template) -> str:
    """The address of the version's page."""
    return reverse("admin:backlog_template_change", args=[template.pk])


def post(client: Client, template: Template, button: str, yaml: str = "", **data: Any) -> tuple[str, list[str]]:
    """The page after the button is pressed, and the messages."""
    response = client.post(page(template), {button: "", "definition": yaml, **data})
    return response.content.decode(), [str(message) for message in get_messages(response.wsgi_request)]


def versions() -> list[int]:
    """The versions of `own`, oldest first."""
    return list(Template.objects.filter(name="own").order_by("version").values_list("version", flat=True))


# -- editing ---------------------------------------------------------------------------------------
def test_a_preview_shows_what_would_change_and_saves_nothing(staff: Client) -> None:
    template = version()
    html, _ = post(staff, template, "preview", YAML.replace("title: Own", "title: Mine"))
    assert "If you save it, it becomes own v2." in html
    assert "&quot;Own&quot;" in html
    assert "title: Mine" in html
    assert versions() == [1]


@pytest.mark.parametrize("button", ["preview", "save"])
def test_every_fault_is_told_with_its_place_in_words_and_its_line(staff: Client, button: str) -> None:
    yaml = YAML.replace("title: First", "timeout_seconds: 0\n    colour: red").replace("[first]", "first")
    html, _ = post(staff, version(), button, yaml)
    for words in (
        "Line 4: item first, title: is missing.",
        "Line 5: item first, timeout_seconds: ",
        "Line 6: item first, colour: is not a setting that exists here.",
        "Line 11: item second, depends_on: must be a list.",
    ):
        assert html.count(words) == 2, words  # in the summary and beside the text
    assert "at least 1 item" not in html
    assert [line for line in range(1, 20) if f'<li class="fault" id="line-{line}">✕ {line}</li>' in html] == [
        4,
        5,
        6,
        11,
    ]
    assert "colour: red" in html
    assert versions() == [1]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key: second", "key: first", "Line 7: item first, key: the key &#x27;first&#x27; is used twice"),
        ("[first]", "[third]", "Line 10: item second, depends_on: second depends on"),
        ("key: second", "title: Two", "Line 7: item no. 2, key: is missing."),
        ("title: Own\n", "", "Line 1: title: is missing."),
        ("title: Own", "title: [", "Line 4: This is not YAML that can be read: "),
        ("items:", "silence: {then: shout}\nitems:", "Line 3: silence.then: "),
    ],
)
def test_a_fault_has_the_line_where_it_stands(staff: Client, old: str, new: str, words: str) -> None:
    html, _ = post(staff, version(), "preview", YAML.replace(old, new, 1))
    assert words in html


def test_an_edit_is_saved_as_the_next_version(staff: Client) -> None:
    template = version()
    assert "Save as version 2" in staff.get(page(template)).content.decode()
    _, words = post(staff, template, "save", YAML, newest="1")
    assert words == ["New projects take own v2 from now on."]
    assert (newest_version("own").version, newest_version("own").created_by) == (2, "ann")


def test_saving_what_the_newest_version_says_changes_nothing(staff: Client) -> None:
    template = version()
    _, words = post(staff, template, "again")
    assert words == ["own v1 has exactly this definition already: nothing was saved."]
    assert versions() == [1]


def test_who_was_overtaken_is_told_once_and_loses_nothing_typed(staff: Client) -> None:
    template = version()
    version("Of bob", by="bob")
    html, _ = post(staff, template, "save", YAML, newest="1")
    assert "bob saved own v2 while you were editing." in html
    assert "agent_target: worker" in html
    assert versions() == [1, 2]
    assert 'name="newest" value="2"' in html
    post(staff, template, "save", YAML, newest="2")
    assert versions() == [1, 2, 3]


@pytest.mark.parametrize("button", ["preview", "save", "again"])
def test_who_may_only_look_neither_saves_nor_previews(viewer: Client, button: str) -> None:
    old = version()
    version("Newer")
    html = viewer.get(page(old)).content.decode()
    assert "title: Own" in html
    assert 'name="save"' not in html
    assert 'name="again"' not in html
    assert viewer.post(page(old), {button: "", "definition": YAML}).status_code == 403
    assert versions() == [1, 2]


# -- an old version again --------------------------------------------------------------------------
def test_an_old_version_is_made_the_newest_again(staff: Client) -> None:
    old = version()
    version("Newer")
    assert "Use this version again" in staff.get(page(old)).content.decode()
    _, words = post(staff, old, "again")
    assert words == ["New projects take own v3 from now on."]
    assert newest_version("own").definition == old.definition
    assert newest_version("own").created_by == "ann"


def test_what_was_shipped_before_is_never_loaded_again(db: None) -> None:
    name = shipped_definitions()[0]["name"]
    changed = newest_version(name).definition | {"title": "Of ann"}
    add_version(changed, by="ann")
    load_blueprints()
    assert (newest_version(name).version, newest_version(name).created_by) == (2, "ann")


def test_a_shipped_text_of_two_releases_ago_is_not_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ({"name": "own", "title": title, "items": [step("only")]} for title in ("One", "Two"))
    for release in (first, second, first):
        monkeypatch.setattr(blueprints, "shipped_definitions", lambda release=release: [release])
        load_blueprints()
    assert versions() == [1, 2]
    assert newest_version("own").definition["title"] == "Two"


def test_a_changed_shipped_text_becomes_a_new_version_after_those_of_staff(monkeypatch: pytest.MonkeyPatch) -> None:
    for release in ("One", "Two"):
        definition = {"name": "own", "title": release, "items": [step("only")]}
        monkeypatch.setattr(blueprints, "shipped_definitions", lambda definition=definition: [definition])
        load_blueprints()
        version(f"Of ann after {release}", by="ann")
    load_blueprints()
    assert list(Template.objects.filter(name="own").order_by("version").values_list("created_by", flat=True)) == [
        *("Interlock", "ann", "Interlock", "ann")
    ]


# -- comparing -------------------------------------------------------------------------------------
def test_two_versions_are_compared_from_the_older_to_the_newer(staff: Client) -> None:
    old = version("Own", step("first"), step("gone"))
    new = version("Own", step("first", timeout_seconds=90), step("added", depends_on=["first"]))
    shown = [staff.get(page(a), {"compare": str(b.version)}) for a, b in ((old, new), (new, old))]
    for response in shown:
        html = response.content.decode()
        assert "From own v1 to own v2" in html
        comparison = response.context["comparison"]
        assert [item.key for item in comparison.added] == ["added"]
        assert [item.key for item in comparison.removed] == ["gone"]
        for text in ("timeout_seconds", "<code>600</code>", "<code>90</code>", '<li class="minus" data-line="-">'):
            assert text in html, text


def test_the_graphs_show_title_and_agent_and_how_each_item_stands(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[dict[str, tuple[str, str]], list[tuple[str, str]]]] = []

    def draw(title: str, nodes: Any, edges: Any) -> str:
        drawn.append(({node.key: (node.label, node.words) for node in nodes}, list(edges)))
        return ""

    monkeypatch.setattr(template_admin, "graph", draw)
    version("Own", step("first"), step("gone"))
    new = version("Own", step("first", priority=1), step("added"))
    staff.get(page(new), {"compare": "1"})
    both = {"first": ("First", "changed"), "added": ("Added", "added"), "gone": ("Gone", "removed")}
    assert (both, []) in drawn
    drawn.clear()
    post(staff, new, "preview", YAML)
    previewed = {"first": ("First", "worker"), "second": ("Second", "worker")}
    assert (previewed, [("first", "second")]) in drawn


@pytest.mark.parametrize("asked", ["7", "x", "-1", "1 or 1"])
def test_a_version_that_is_not_there_cannot_be_compared_with(staff: Client, asked: str) -> None:
    assert staff.get(page(version()), {"compare": asked}).status_code == 404


# -- the list --------------------------------------------------------------------------------------
def projects(template: Template, count: int) -> None:
    """So many projects of the template."""
    about = {"template": template, "opened_at": database_now()}
    Project.objects.bulk_create([Project(title=f"Project {n}", **about) for n in range(count)])


def test_the_list_tells_what_is_newest_and_how_many_projects_use_a_version(staff: Client) -> None:
    old, new = version("Own"), version("Owned")
    projects(old, 3)
    shown = {template.pk: template for template in staff.get(reverse(LIST)).context["cl"].result_list}
    assert [shown[t.pk].projects_counted for t in (old, new)] == [3, 0]
    columns = TemplateAdmin(Template, None)  # type: ignore[arg-type]
    assert [columns.titled(shown[t.pk]) for t in (old, new)] == ["Own", "Owned"]
    assert ["newest" in columns.standing(shown[t.pk]) for t in (old, new)] == [False, True]


def test_a_template_is_found_by_the_whole_id_of_a_project(staff: Client) -> None:
    old, _ = version("Own"), version("Owned")
    projects(old, 2)
    [project, _] = Project.objects.all()
    assert list(staff.get(reverse(LIST), {"q": str(project.pk)}).context["cl"].result_list) == [old]


def test_the_list_counts_projects_up_to_a_bound(staff: Client) -> None:
    template = version()
    projects(template, MOST_COUNTED + 5)
    response = staff.get(reverse(LIST), {"name": "own"})
    [shown] = response.context["cl"].result_list
    assert shown.projects_counted == MOST_COUNTED + 1
    assert "more than 1,000" in response.content.decode()


def test_the_list_takes_as_many_queries_for_many_versions_as_for_few(staff: Client) -> None:
    taken = []
    for rounds in (2, 28):
        for n in range(rounds):
            projects(version(f"Own {rounds} {n}"), 1)
        with CaptureQueriesContext(connection) as queries:
            listed = staff.get(reverse(LIST)).context["cl"].result_list
        taken.append(len(queries))
        assert all(template.get_deferred_fields() == {"definition"} for template in listed)
    assert taken[0] == taken[1]


def test_a_version_that_this_release_cannot_read_is_shown_as_it_is(staff: Client) -> None:
    spoiled = Template.objects.create(name="old", version=1, definition={"name": "old", "items": "many"})
    address = reverse("admin:backlog_template_change", args=[spoiled.pk])
    html = staff.get(address).content.decode()
    assert "This release cannot read this version" in html
    assert "many" in html
    assert staff.post(address, {"again": "1"}).status_code == 200
    assert staff.get(address, {"compare": "1"}).status_code == 200
    assert Template.objects.filter(name="old").count() == 1
