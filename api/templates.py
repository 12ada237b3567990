"""Templates: their versions, a check of a new one, and a new version."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import READ, TEMPLATES
from api import examples
from api.endpoint import ApiView, found_in
from api.openapi import IF_MATCH, acts, endpoint, lists
from api.problems import Refused
from api.rules import Rule
from backlog.blueprints import add_version, checked, newest_templates, shipped
from backlog.models import Template

LOOK = Rule(READ)
CHANGE = Rule(TEMPLATES, "backlog.change_template")


class TemplateListed(serializers.ModelSerializer[Template]):
    """A version of a backlog template."""

    title = serializers.CharField(source="definition.title")
    description = serializers.CharField(source="definition.description", default="", allow_blank=True)

    class Meta:
        model = Template
        fields = ["name", "version", "title", "description", "created_at", "created_by"]


class TemplateShown(TemplateListed):
    """A version of a backlog template, whole."""

    definition = serializers.DictField()

    class Meta(TemplateListed.Meta):
        fields = [*TemplateListed.Meta.fields, "definition"]


class NewVersion(serializers.Serializer[Any]):
    """A definition, as in `backlog/blueprints`."""

    definition = serializers.DictField()


class Verdict(serializers.Serializer[Any]):
    """What the definition makes."""

    name = serializers.CharField()
    title = serializers.CharField()
    items = serializers.IntegerField()


EXAMPLE = {"definition": shipped()[1]}


class Templates(ApiView):
    """The templates, in their newest versions."""

    rules = {"GET": LOOK}

    @lists("templates_list", "List templates", TemplateListed)
    def get(self, request: Request) -> Response:
        """By name."""
        newest = Template.objects.filter(pk__in=[template.pk for template in newest_templates()])
        return self.page(newest, TemplateListed, by=("name", "id"))


class Versions(ApiView):
    """The versions of a template; a POST makes a new one."""

    rules = {"GET": LOOK, "POST": CHANGE}

    @lists("templates_versions", "List the versions of a template", TemplateListed)
    def get(self, request: Request, name: str) -> Response:
        """The newest first."""
        found_in(Template.objects.all(), name=name)
        return self.page(Template.objects.filter(name=name), TemplateListed, by=("-version", "id"))

    @acts(
        "templates_create", "Make a new version", takes=NewVersion, gives=TemplateShown, status=201,
        parameters=[IF_MATCH], refuses=[412], sent=EXAMPLE, given=examples.template(EXAMPLE["definition"]),
    )  # fmt: skip
    def post(self, request: Request, name: str) -> Response:
        """Projects keep theirs; new ones take the newest. If-Match speaks of the newest version."""
        definition = self.read(NewVersion)["definition"]
        require_name(checked(definition).name, name)
        newest = Template.objects.filter(name=name).order_by("-version").first()
        self.require_unchanged(lambda: TemplateShown(newest).data if newest else None)
        with transaction.atomic():
            made = add_version(definition, by=self.account.get_username())
        location = f"/api/v1/templates/{name}/versions/{made.version}"
        return self.shown(TemplateShown(made).data, status=201, location=location)


class OneVersion(ApiView):
    """A version of a template."""

    rules = {"GET": LOOK}

    @endpoint("templates_read", "Read a version of a template", gives=TemplateShown, refuses=[404])
    def get(self, request: Request, name: str, version: int) -> Response:
        """Whole."""
        return self.shown(TemplateShown(found_in(Template.objects.all(), name=name, version=version)).data)


class Check(ApiView):
    """Says to who may make a version whether a definition can be used."""

    rules = {"POST": CHANGE}

    @acts(
        "templates_validate",
        "Check a definition",
        takes=NewVersion,
        gives=Verdict,
        sent=EXAMPLE,
        given=examples.verdict(EXAMPLE["definition"]),
    )
    def post(self, request: Request) -> Response:
        """Nothing is kept."""
        found = checked(self.read(NewVersion)["definition"])
        return Response({"name": found.name, "title": found.title, "items": len(found.items)})


def require_name(said: str, name: str) -> None:
    """Raise Refused unless the definition names the template that it is sent to."""
    if said != name:
        words = _("The definition is called “%(said)s”, and this is “%(name)s”.") % {"said": said, "name": name}
        raise Refused(422, "invalid-template", words, faults=[("/definition/name", words)])
