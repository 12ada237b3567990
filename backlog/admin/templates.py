"""Admin pages for templates: read, compare, edit as YAML with a preview, and save as a new version."""

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

from accounts.walls import organisation_of
from backlog import blueprints
from backlog.admin.comparison import Comparison, DiffLine, Standing, compare, line_diff
from backlog.admin.forms import DefinitionForm, as_yaml
from backlog.blueprints import definition_of
from backlog.blueprints.definition import Definition
from backlog.errors import InvalidTemplate
from backlog.models import Project, Template
from charts import Node, graph
from pages.admin_pages import DetailAdmin, json_as_html
from pages.presentation import ago, state_word

# The column of projects counts no further: an exact count of millions takes seconds.
MOST_COUNTED = 1000
# The most versions that are offered for comparison, newest first.
MOST_VERSIONS = 200
# Line numbers below the end of the text, for lines that are added while editing.
SPARE_LINES = 30
# The item state whose colour is used for a kind of change in the graph.
COLOURS: dict[Standing, str] = {"added": "done", "removed": "failed", "changed": "blocked", "unchanged": ""}


class CountUpTo(Subquery):
    """The number of rows of a subquery; slice the subquery, so that counting ends there."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


@admin.register(Template)
class TemplateAdmin(DetailAdmin):
    """The list and the page of template versions. A version never changes: an edit is saved as a new version."""

    detail_template = "admin/backlog/template/detail.html"
    list_display = ["name", "titled", "version", "standing", "used_by", "created", "created_by"]
    list_filter = ["name"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("A part of the template's name, or the whole id of a project made from it.")
    whole_ids = ("project__pk",)
    nothing_yet = gettext_lazy("There is no template yet. The command “migrate” loads those that come with Interlock.")
    ordering = ["name", "-version"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        """Return versions with title, newest version and number of projects, without the large `definition`."""
        same_name = Template.objects.filter(organisation=OuterRef("organisation"), name=OuterRef("name"))
        projects = Project.objects.filter(template=OuterRef("pk")).order_by().values("pk")
        versions: QuerySet[Template] = super().get_queryset(request).defer("definition")
        return versions.annotate(
            shown_title=KT("definition__title"),
            newest_version=Subquery(same_name.order_by("-version").values("version")[:1]),
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
        """Return the context of a version's page: the form, the graph, and a comparison if one was chosen.

        A version that this release cannot read is shown as data.
        """
        try:
            definition = definition_of(obj.pk)
        except InvalidTemplate as error:
            return {"title": str(obj), "unreadable": str(error), "text": json_as_html(obj.definition)}
        newest = blueprints.newest_version(obj.name, organisation_of(obj))
        initial = {"definition": as_yaml(definition), "newest": newest.version}
        form = DefinitionForm(initial=initial, organisation=organisation_of(obj))
        others = same_template(obj, obj.name).exclude(pk=obj.pk).order_by("-version")
        return {
            "title": f"{definition.title} – {obj}",
            "text": as_yaml(definition),
            "newest": newest,
            "next_version": newest.version + 1,
            "graph": graph_of(definition),
            "others": others.only("name", "version")[:MOST_VERSIONS],
            **editor_context(form),
            **self.chosen_comparison(request, obj),
        }

    def chosen_comparison(self, request: HttpRequest, obj: Template) -> dict[str, Any]:
        """Return the comparison with the version in `?compare=`, the older one as `old`; empty without it.

        Raises Http404 if there is no such version.
        """
        asked = request.GET.get("compare", "")
        if not asked:
            return {}
        other = same_template(obj, obj.name).filter(version=asked).first() if asked.isdecimal() else None
        if other is None or not is_readable(other):
            raise Http404
        old, new = sorted((obj, other), key=lambda template: template.version)
        return {
            "compared_with": other,
            "old": old,
            "new": new,
            **comparison_context(definition_of(old.pk), definition_of(new.pk)),
        }

    def act(self, request: HttpRequest, obj: Template) -> HttpResponse:
        """Preview the edited definition, save it, or save this version's definition as the newest again."""
        if not is_readable(obj):
            return self.page(request, obj)
        if "again" in request.POST:
            return self.save(request, obj, obj.definition)
        form = DefinitionForm(request.POST, organisation=organisation_of(obj))
        if not form.is_valid():
            return self.page(request, obj, **editor_context(form))
        definition = form.cleaned_data["definition"]
        if "preview" in request.POST:
            return self.page(request, obj, **editor_context(form), **preview_context(obj, definition))
        if add_overtaken_error(form, obj):
            return self.page(request, obj, **editor_context(form))
        return self.save(request, obj, definition, form)

    def save(
        self, request: HttpRequest, obj: Template, definition: dict[str, Any], form: DefinitionForm | None = None
    ) -> HttpResponse:
        """Save the definition as the newest version and redirect to its page."""
        before = same_template(obj, definition["name"]).order_by("-version").first()
        try:
            with transaction.atomic():
                by = request.user.get_username()
                saved = blueprints.add_version(definition, by=by, organisation=organisation_of(obj))
        except IntegrityError:
            words = _("Another person saved a version at the same moment. Look at that version, then save yours again.")
            if form is None:
                self.message_user(request, words, messages.ERROR)
                return self.page(request, obj)
            form.add_error(None, words)
            return self.page(request, obj, **editor_context(form))
        if before is not None and before.pk == saved.pk:
            self.message_user(
                request, _("%(version)s has exactly this definition already: nothing was saved.") % {"version": saved}
            )
        else:
            words = _("New projects take %(version)s from now on.") % {"version": saved}
            self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:backlog_template_change", args=[saved.pk]))


def same_template(template: Template, name: str) -> QuerySet[Template]:
    """Return the versions of this name in the template's organisation."""
    return Template.objects.filter(organisation=template.organisation_id, name=name)


def is_readable(template: Template) -> bool:
    """Return True if this release can read the version."""
    try:
        definition_of(template.pk)
    except InvalidTemplate:
        return False
    return True


def add_overtaken_error(form: DefinitionForm, template: Template) -> bool:
    """Add an error to the form and return True if a newer version was saved since the page was shown.

    The form is then given the newer version number, so that saving a second time is accepted.
    """
    newest = blueprints.newest_version(template.name, organisation_of(template))
    seen = form.cleaned_data["newest"]
    if seen is None or seen == newest.version or form.cleaned_data["definition"]["name"] != template.name:
        return False
    values = {"by": newest.created_by, "version": newest}
    words = _(
        "%(by)s saved %(version)s while you were editing. Compare it with your text first. If you then save again, "
        "your text becomes the next version."
    )
    form.add_error(None, words % values)
    form.data = {**dict(form.data.items()), "newest": str(newest.version)}
    return True


def editor_context(form: DefinitionForm) -> dict[str, Any]:
    """Return the context of the editor: the form, and (line number, has a fault) for each line."""
    at_fault = {fault.line for fault in form.faults}
    lines = str(form["definition"].value() or "").count("\n") + 1 + SPARE_LINES
    return {"form": form, "numbers": [(number, number in at_fault) for number in range(1, lines + 1)]}


def preview_context(stored: Template, edited: dict[str, Any]) -> dict[str, Any]:
    """Return the context of a preview: the graph, the version it would become, and the changes from the stored one."""
    definition = blueprints.checked_definition(edited, organisation_of(stored))
    latest = same_template(stored, definition.name).order_by("-version").first()
    becomes = f"{definition.name} v{latest.version + 1 if latest else 1}"
    return {
        "previewed": definition,
        "becomes": becomes,
        "graph": graph_of(definition),
        **comparison_context(definition_of(stored.pk), definition),
    }


def comparison_context(old: Definition, new: Definition) -> dict[str, Any]:
    """Return the context of a comparison: the differences, the common graph, and the lines of text that differ."""
    comparison = compare(old, new)
    diff: list[DiffLine] = line_diff(as_yaml(old), as_yaml(new))
    return {"comparison": comparison, "both_graph": graph_of_both(comparison), "diff": diff}


def graph_of(definition: Definition) -> SafeString:
    """Return the graph of a definition's items and their dependencies."""
    nodes = [Node(item.key, item.title, words=item.agent_target) for item in definition.items]
    edges = [(before, item.key) for item in definition.items for before in item.depends_on]
    return graph(_("What depends on what"), nodes, edges)


def graph_of_both(comparison: Comparison) -> SafeString:
    """Return the common graph of two versions; each item shows in words and colour how it changed."""
    words: dict[Standing, str] = {
        "added": _("added"),
        "removed": _("removed"),
        "changed": _("changed"),
        "unchanged": _("unchanged"),
    }
    nodes = [
        Node(
            graph_item.item.key,
            graph_item.item.title,
            state=COLOURS[graph_item.standing],
            words=words[graph_item.standing],
        )
        for graph_item in comparison.items
    ]
    return graph(_("What changed in the graph"), nodes, comparison.edges)
