"""Endpoints of backlog templates: list, read a version, check a definition, make a new version."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import READ, TEMPLATES
from accounts.walls import organisation_of
from api import examples
from api.endpoint import ApiView, row_or_404
from api.openapi import IF_MATCH, endpoint, list_endpoint, post_endpoint
from api.problems import Refused
from api.rules import Rule
from backlog.blueprints import add_version, checked_definition, newest_templates, shipped_definitions
from backlog.models import Template

LOOK = Rule(READ)
CHANGE = Rule(TEMPLATES, "backlog.change_template")


class TemplateListed(serializers.ModelSerializer[Template]):
    """A version of a backlog template, without its definition."""

    title = serializers.CharField(source="definition.title")
    description = serializers.CharField(source="definition.description", default="", allow_blank=True)

    class Meta:
        model = Template
        fields = ["name", "version", "title", "description", "created_at", "created_by"]


class TemplateShown(TemplateListed):
    """A version of a backlog template with its complete definition."""

    definition = serializers.DictField()

    class Meta(TemplateListed.Meta):
        fields = [*TemplateListed.Meta.fields, "definition"]


class NewVersion(serializers.Serializer[Any]):
    """The definition of a template."""

    definition = serializers.DictField(
        help_text="Name, title and items, as in the files of the folder `backlog/blueprints`."
    )


class Verdict(serializers.Serializer[Any]):
    """The result of a check: the definition can be used."""

    name = serializers.CharField()
    title = serializers.CharField()
    items = serializers.IntegerField(help_text="Number of work items that a project with it gets.")


EXAMPLE = {"definition": shipped_definitions()[1]}


class Templates(ApiView):
    """The list of templates."""

    rules = {"GET": LOOK}

    @list_endpoint("templates_list", "List templates", TemplateListed)
    def get(self, request: Request) -> Response:
        """The newest version of each template, ordered by name."""
        newest = [template.pk for template in newest_templates(organisation_of(self.account))]
        return self.page(Template.objects.filter(pk__in=newest), TemplateListed, by=("name", "id"))


class Versions(ApiView):
    """The versions of a template; a POST makes a new version."""

    rules = {"GET": LOOK, "POST": CHANGE}

    @list_endpoint("templates_versions", "List the versions of a template", TemplateListed)
    def get(self, request: Request, name: str) -> Response:
        """The versions of the template, newest first."""
        row_or_404(templates_of(self.account), name=name)
        return self.page(templates_of(self.account).filter(name=name), TemplateListed, by=("-version", "id"))

    @post_endpoint(
        "templates_create", "Make a new version of a template", takes=NewVersion, gives=TemplateShown, status=201,
        parameters=[IF_MATCH], refuses=[412], request_example=EXAMPLE,
        response_example=examples.template_version(EXAMPLE["definition"]),
    )  # fmt: skip
    def post(self, request: Request, name: str) -> Response:
        """Make a new version of the template. New projects use it; existing projects keep the version that they have.

        If-Match is the ETag of the newest version: you get 412 if another version was made since you read it.
        """
        definition = self.read_body(NewVersion)["definition"]
        organisation = organisation_of(self.account)
        require_name(checked_definition(definition, organisation).name, name)
        newest = templates_of(self.account).filter(name=name).order_by("-version").first()
        self.require_unchanged(lambda: TemplateShown(newest).data if newest else None)
        with transaction.atomic():
            made = add_version(definition, by=self.account.get_username(), organisation=organisation)
        location = f"/api/v1/templates/{name}/versions/{made.version}"
        return self.respond(TemplateShown(made).data, status=201, location=location)


class OneVersion(ApiView):
    """One version of a template."""

    rules = {"GET": LOOK}

    @endpoint("templates_read", "Read a version of a template", gives=TemplateShown, refuses=[404])
    def get(self, request: Request, name: str, version: int) -> Response:
        """The version with its complete definition."""
        return self.respond(TemplateShown(row_or_404(templates_of(self.account), name=name, version=version)).data)


class Check(ApiView):
    """Checks a definition."""

    rules = {"POST": CHANGE}

    @post_endpoint(
        "templates_validate",
        "Check a definition",
        takes=NewVersion,
        gives=Verdict,
        request_example=EXAMPLE,
        response_example=examples.check_result(EXAMPLE["definition"]),
    )
    def post(self, request: Request) -> Response:
        """Check whether the definition can be used, without storing it. Its faults are in the refusal (422)."""
        blueprint = checked_definition(self.read_body(NewVersion)["definition"], organisation_of(self.account))
        return Response({"name": blueprint.name, "title": blueprint.title, "items": len(blueprint.items)})


def require_name(defined: str, name: str) -> None:
    """Raise Refused unless the definition names the template that it is sent to."""
    if defined != name:
        words = _("The definition is for the template “%(defined)s”, but it was sent to “%(name)s”.")
        words %= {"defined": defined, "name": name}
        raise Refused(422, "invalid-template", words, faults=[("/definition/name", words)])


def templates_of(user: User) -> QuerySet[Template]:
    """Return the templates of the account's organisation; a superuser's own too, since names differ only within one."""
    return Template.objects.filter(organisation=user.organisation_id)
