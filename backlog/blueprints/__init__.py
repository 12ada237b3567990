"""Backlog templates: those that come with Interlock (YAML files in this folder), what may be saved, and versions."""

from collections import defaultdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef

from accounts.audit import AuditRecord, unsaved_entry
from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION, Organisation
from accounts.walls import belonging_to
from backlog.blueprints.definition import Definition, parse_definition
from backlog.errors import InvalidTemplate, UnknownTemplate
from backlog.flow.named_checks import CHECKS, unknown_check_in_words
from backlog.models import Template
from backlog.policy import fault_of_place
from events.prepared import Prepared
from schemas import strict_json
from schemas.restricted import pointer_to

FOLDER = Path(__file__).parent
# The template that is used when a request names none.
DEFAULT_TEMPLATE = "audit"
# The template of questions that a program asks by themselves; people who open a request cannot choose it.
STANDALONE_TEMPLATE = "ask"
# The author (`created_by`) of the versions that come with a release.
SHIPPER = "Interlock"
# In bytes of JSON: forty times the longest template that is shipped.
MOST_BYTES = 100_000
# The organisations for which the compiled query of their newest versions is kept.
MOST_PREPARED = 64


def checked_definition(definition: dict[str, Any], organisation: int = FIRST_ORGANISATION) -> Definition:
    """Return the definition if it may be saved: form, size, names of groups, checks and items, places of answers.

    The members of groups are counted in the organisation. Raises InvalidTemplate with every fault. Saved versions are
    read with `definition_of`, which looks up no names: they keep working when a group or a check is gone.
    """
    require_small_definition(definition)
    parsed = parse_definition(definition)
    faults = [*unknown_groups(parsed, organisation), *unknown_checks(parsed)]
    faults += [*unknown_keys(parsed), *reserved_fields(parsed)]
    if faults := faults or too_few_approvers(parsed, organisation):
        raise InvalidTemplate(f"The template cannot be used: {'; '.join(faults)}")
    return parsed


def require_small_definition(definition: dict[str, Any]) -> None:
    """Raise InvalidTemplate if the definition is not valid JSON or larger than MOST_BYTES: checking takes time."""
    try:
        size = len(strict_json.dumps(definition))
    except strict_json.InvalidJson as error:
        raise InvalidTemplate(f"The template cannot be used: {error}.") from error
    if size > MOST_BYTES:
        raise InvalidTemplate(f"The template has {size} bytes as JSON, and may have {MOST_BYTES}: make it shorter.")


def unknown_groups(definition: Definition, organisation: int) -> list[str]:
    """Return a sentence for each group in `escalate_to` or in `approvers` that does not exist there."""
    groups = belonging_to(organisation, Group.objects.order_by("name")).values_list("name", flat=True)
    named = [("silence/escalate_to", name) for name in definition.silence.escalate_to]
    named += [(f"items/{item.key}/approvers", name) for item in definition.items for name in item.approvers.groups]
    names = {name for _place, name in named}
    existing = set(groups.filter(name__in=names)) if names else set()
    known = ", ".join(groups) if names - existing else ""
    return [
        f"{place}: there is no group {name!r}; the groups are: {known}" for place, name in named if name not in existing
    ]


def too_few_approvers(definition: Definition, organisation: int) -> list[str]:
    """Return a sentence for each item that needs more approvals than its groups have active people now.

    One query for the whole template, or none if no item names groups.
    """
    names = {name for item in definition.items for name in item.approvers.groups}
    if not names:
        return []
    people = User.objects.filter(organisation=organisation, is_active=True, is_service=False, groups__name__in=names)
    members: dict[str, set[int]] = defaultdict(set)
    for person, group in people.values_list("pk", "groups__name"):
        members[group].add(person)
    faults = []
    for item in definition.items:
        groups, needed = item.approvers.groups, item.approvers.needed
        count = len(set().union(*(members[name] for name in groups)))
        if groups and count < needed:
            words = f"items/{item.key}/approvers: {needed} have to approve, but {' and '.join(groups)} together have"
            faults.append(f"{words} {count} active members: add people to them, or need fewer approvals")
    return faults


def unknown_checks(definition: Definition) -> list[str]:
    """Return a sentence for each named check that does not exist."""
    return [
        f"items/{item.key}/done_when/checks: {unknown_check_in_words(name)}"
        for item in definition.items
        for name in item.done_when.checks
        if name not in CHECKS
    ]


def unknown_keys(definition: Definition) -> list[str]:
    """Return a sentence for each figure whose `blocks` names no item of the template."""
    keys = [item.key for item in definition.items]
    return [
        f"figures/{figure.field}/blocks: there is no item {figure.blocks!r}; the items are: {', '.join(keys)}"
        for figure in definition.figures
        if figure.blocks not in keys
    ]


def reserved_fields(definition: Definition) -> list[str]:
    """Return a sentence for each field that the template asks for at a place where no answer may go."""
    fields = {f"figures/{figure.field}": pointer_to(figure.field, figure.ask) for figure in definition.figures}
    for item in definition.items:
        described = item.needs.get("properties", {})
        for name in {*described, *item.needs.get("required", ())}:
            fields[f"items/{item.key}/needs/{name}"] = pointer_to(name, described.get(name, {}))
    return [f"{where}: {fault}" for where, pointer in sorted(fields.items()) if (fault := fault_of_place(pointer))]


@lru_cache(maxsize=256)
def definition_of(template_id: int) -> Definition:
    """Return the definition of a template version; cached, since a version never changes.

    Raises InvalidTemplate if this release can no longer read a version that was saved under an older one.
    """
    return parse_definition(Template.objects.get(pk=template_id).definition)


@lru_cache(MOST_PREPARED)
def newest_within(organisation: int) -> Prepared[Template]:
    """Return the query for the newest version of a template of this organisation, by its name."""
    own = Template.objects.filter(organisation=organisation)
    return Prepared(lambda names: own.filter(name__in=names).order_by("-version")[:1])


def newest_version(name: str, organisation: int = FIRST_ORGANISATION) -> Template:
    """Return the newest version of the organisation's template with this name. Raises UnknownTemplate."""
    template = newest_within(organisation).row(name)
    if template is None:
        own = Template.objects.filter(organisation=organisation)
        names = ", ".join(sorted(set(own.values_list("name", flat=True)))) or "none: run `migrate`"
        raise UnknownTemplate(f"There is no template {name!r}. The templates are: {names}.")
    return template


@cache
def shipped_definitions() -> list[dict[str, Any]]:
    """Return the definitions of the YAML files in this folder, sorted by file name."""
    import yaml  # where it is needed: only `migrate` reads them

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # compiled, where PyYAML was built so
    return [yaml.load(path.read_text(), Loader=loader) for path in sorted(FOLDER.glob("*.yaml"))]  # noqa: S506 - safe


def load_blueprints(**_: Any) -> None:
    """Copy the shipped definitions that are new in this release to each organisation, after each `migrate`."""
    for organisation in Organisation.objects.values_list("pk", flat=True):
        copy_blueprints(organisation)


def copy_blueprints(organisation: int) -> None:
    """Save each shipped definition that is new to the organisation as a version of its own.

    A definition that was shipped before is not saved again, so versions that staff made since stay the newest.
    """
    for definition in shipped_definitions():
        own = Template.objects.filter(organisation=organisation, name=definition["name"], created_by=SHIPPER)
        if all(template.definition != definition for template in own):
            store_version(definition, by=SHIPPER, organisation=organisation)


def add_version(definition: dict[str, Any], *, by: str, organisation: int = FIRST_ORGANISATION) -> Template:
    """Save the definition as a new version of the organisation's; if its newest is equal, return that one.

    Raises InvalidTemplate, or IntegrityError if another version is saved at the same moment.
    """
    checked_definition(definition, organisation)
    own = Template.objects.filter(organisation=organisation, name=definition["name"])
    known = set(own.values_list("pk", flat=True))
    saved = store_version(definition, by=by, organisation=organisation)
    if saved.pk not in known:
        action = AuditRecord.Action.TEMPLATE_MADE
        unsaved_entry(action, target=str(saved), details=f"by {by}", organisation=organisation).save()
    return saved


def store_version(definition: dict[str, Any], *, by: str, organisation: int) -> Template:
    """Do what `add_version` does, without looking up groups: those that a release names may be renamed here."""
    parse_definition(definition)
    latest = Template.objects.filter(organisation=organisation, name=definition["name"]).order_by("-version").first()
    if latest is not None and latest.definition == definition:
        return latest
    made = {"name": definition["name"], "version": latest.version + 1 if latest else 1, "definition": definition}
    return Template.objects.create(**made, created_by=by, organisation_id=organisation)


def newest_templates(organisation: int) -> list[Template]:
    """Return the organisation's newest version of each template, `name` only: the default one first, then by name."""
    own = Template.objects.filter(organisation=organisation)
    newer = own.filter(name=OuterRef("name"), version__gt=OuterRef("version"))
    templates = own.filter(~Exists(newer)).only("pk", "name").order_by("name")
    return sorted(templates, key=lambda template: (template.name != DEFAULT_TEMPLATE, template.name))
