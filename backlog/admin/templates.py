"""Templates for staff: read, compared, edited as YAML with a preview, saved as new versions."""

from typing import Any

from django.contrib import admin, messages
from django.db import IntegrityError, transaction
from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backlog import blueprints
from backlog.admin.comparison import Comparison, DiffLine, Standing, compare, line_diff
from backlog.admin.forms import DefinitionForm, as_yaml
from backlog.blueprints import Definition, definition_of
from backlog.errors import InvalidTemplate
from backlog.models import Project, Template
from charts import Node, graph
from pages.admin_pages import DetailAdmin, pretty
from pages.presentation import ago, state_word

# Counting further tells nobody more, and takes seconds with millions of projects.
MOST_COUNTED = 1000
# Versions offered for comparison, newest first.
MOST_VERSIONS = 200
# Numbered lines below the text, for what is added while editing.
SPARE_LINES = 30
# The state whose colour shows how an item of two versions stands.
COLOURS: dict[Standing, str] = {"added": "done", "removed": "failed", "changed": "blocked", "unchanged": ""}


class CountUpTo(Subquery):
    """How many rows the subquery has; slice it, so that counting ends."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


@admin.register(Template)
class TemplateAdmin(DetailAdmin):
    """Template versions; none is ever changed, an edit is saved as a new one."""

    detail_template = "admin/backlog/template/detail.html"
    list_display = ["name", "titled", "version", "standing", "used_by", "created", "created_by"]
    list_filter = ["name"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("A part of the template's name, or the whole id of a project made from it.")
    whole_ids = ("project__pk",)
    nothing_yet = gettext_lazy("There is no template yet. “manage.py migrate” loads those that come with Interlock.")
    ordering = ["name", "-version"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        """With what the list shows; definitions may be large and are read on a template's own page only."""
        same_name = Template.objects.filter(name=OuterRef("name")).order_by("-version").values("version")
        projects = Project.objects.filter(template=OuterRef("pk")).order_by().values("pk")
        found: QuerySet[Template] = super().get_queryset(request).defer("definition")
        return found.annotate(
            shown_title=KT("definition__title"),
            newest_version=Subquery(same_name[:1]),
            projects_counted=CountUpTo(projects[: MOST_COUNTED + 1]),
        )

    @admin.display(description=gettext_lazy("title"))
    def titled(self, template: Any) -> str:
        return str(template.shown_title)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, template: Any) -> SafeString:
        if template.version == template.newest_version:
            return state_word("done", _("newest"))
        return state_word("", _("older"))

    @admin.display(description=gettext_lazy("projects"))
    def used_by(self, template: Any) -> str:
        count = template.projects_counted
        if count > MOST_COUNTED:
            return _("more than %(n)s") % {"n": number_format(MOST_COUNTED, force_grouping=True)}
        return number_format(count, force_grouping=True)

    @admin.display(description=gettext_lazy("created"), ordering="created_at")
    def created(self, template: Template) -> SafeString:
        return ago(template.created_at)

    # -- a version's page --------------------------------------------------------------------------
    def detail(self, request: HttpRequest, obj: Template) -> dict[str, Any]:
        """The definition as YAML in a form, its graph, and what it is compared with; as data where it is too old."""
        try:
            definition = definition_of(obj.pk)
        except InvalidTemplate as error:
            return {"title": str(obj), "unreadable": str(error), "text": pretty(obj.definition)}
        newest = blueprints.newest(obj.name)
        form = DefinitionForm(initial={"definition": as_yaml(definition), "newest": newest.version})
        others = Template.objects.filter(name=obj.name).exclude(pk=obj.pk).order_by("-version")
        return {
            "title": f"{definition.title} – {obj}",
            "text": as_yaml(definition),
            "newest": newest,
            "next_version": newest.version + 1,
            "graph": graph_of(definition),
            "others": others.only("name", "version")[:MOST_VERSIONS],
            **editor(form),
            **self.compared(request, obj),
        }

    def compared(self, request: HttpRequest, obj: Template) -> dict[str, Any]:
        """The version with the one that was asked for: the older of the two on the left."""
        asked = request.GET.get("compare", "")
        if not asked:
            return {}
        other = Template.objects.filter(name=obj.name, version=asked).first() if asked.isdecimal() else None
        if other is None or not is_readable(other):
            raise Http404
        old, new = sorted((obj, other), key=lambda template: template.version)
        return {
            "compared_with": other,
            "old": old,
            "new": new,
            **side_by_side(definition_of(old.pk), definition_of(new.pk)),
        }

    def act(self, request: HttpRequest, obj: Template) -> HttpResponse:
        """Show what the edited definition comes to, or save it, or make this version the newest again."""
        if not is_readable(obj):
            return self.page(request, obj)
        if "again" in request.POST:
            return self.save(request, obj, obj.definition)
        form = DefinitionForm(request.POST)
        if not form.is_valid():
            return self.page(request, obj, **editor(form))
        definition = form.cleaned_data["definition"]
        if "preview" in request.POST:
            return self.page(request, obj, **editor(form), **preview(definition_of(obj.pk), definition))
        if overtaken(form, obj):
            return self.page(request, obj, **editor(form))
        return self.save(request, obj, definition, form)

    def save(
        self, request: HttpRequest, obj: Template, definition: dict[str, Any], form: DefinitionForm | None = None
    ) -> HttpResponse:
        """Save the definition as the newest version, and go there."""
        before = Template.objects.filter(name=definition["name"]).order_by("-version").first()
        try:
            with transaction.atomic():
                saved = blueprints.add_version(definition, by=request.user.get_username())
        except IntegrityError:
            words = _("Somebody saved a version at the same moment: look at it, then save again.")
            if form is None:
                self.message_user(request, words, messages.ERROR)
                return self.page(request, obj)
            form.add_error(None, words)
            return self.page(request, obj, **editor(form))
        if before is not None and before.pk == saved.pk:
            self.message_user(
                request, _("%(version)s says exactly this already: nothing changed.") % {"version": saved}
            )
        else:
            words = _("New projects take %(version)s from now on.") % {"version": saved}
            self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:backlog_template_change", args=[saved.pk]))


def is_readable(template: Template) -> bool:
    """Whether this release can read the version."""
    try:
        definition_of(template.pk)
    except InvalidTemplate:
        return False
    return True


def overtaken(form: DefinitionForm, template: Template) -> bool:
    """Whether somebody saved a version since the page was shown; the form then says so, once."""
    seen, newest = form.cleaned_data["newest"], blueprints.newest(template.name)
    if seen is None or seen == newest.version or form.cleaned_data["definition"]["name"] != template.name:
        return False
    said = {"by": newest.created_by, "version": newest}
    words = _("Meanwhile %(by)s saved %(version)s. Look at it; saved again, your text becomes the version after it.")
    form.add_error(None, words % said)
    form.data = {**dict(form.data.items()), "newest": str(newest.version)}
    return True


def editor(form: DefinitionForm) -> dict[str, Any]:
    """The form, and the numbers of its lines with whether there is a fault on the line."""
    at_fault = {fault.line for fault in form.faults}
    lines = str(form["definition"].value() or "").count("\n") + 1 + SPARE_LINES
    return {"form": form, "numbers": [(number, number in at_fault) for number in range(1, lines + 1)]}


def preview(stored: Definition, edited: dict[str, Any]) -> dict[str, Any]:
    """What the edited definition would be: its graph, its version, and how it differs from the stored one."""
    definition = blueprints.checked(edited)
    latest = Template.objects.filter(name=definition.name).order_by("-version").first()
    becomes = f"{definition.name} v{latest.version + 1 if latest else 1}"
    return {
        "previewed": definition,
        "becomes": becomes,
        "graph": graph_of(definition),
        **side_by_side(stored, definition),
    }


def side_by_side(old: Definition, new: Definition) -> dict[str, Any]:
    """Two definitions compared: what differs, the graph of both, and the difference of their texts."""
    comparison = compare(old, new)
    diff: list[DiffLine] = line_diff(as_yaml(old), as_yaml(new))
    return {"comparison": comparison, "both_graph": graph_of_both(comparison), "diff": diff}


def graph_of(definition: Definition) -> SafeString:
    """The items and what they wait for."""
    nodes = [Node(item.key, item.title, words=item.agent_target) for item in definition.items]
    edges = [(before, item.key) for item in definition.items for before in item.depends_on]
    return graph(_("What depends on what"), nodes, edges)


def graph_of_both(comparison: Comparison) -> SafeString:
    """The items of two versions, each with how it stands in words and in colour."""
    words: dict[Standing, str] = {
        "added": _("added"),
        "removed": _("removed"),
        "changed": _("changed"),
        "unchanged": _("unchanged"),
    }
    nodes = [
        Node(found.item.key, found.item.title, state=COLOURS[found.standing], words=words[found.standing])
        for found in comparison.items
    ]
    return graph(_("What changed in the graph"), nodes, comparison.edges)
