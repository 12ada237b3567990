"""Every text that Python says to people can be translated."""

import ast
from collections.abc import Iterator

import pytest
from django.contrib.admin import ModelAdmin, autodiscover, site
from django.contrib.admin.utils import flatten
from django.db.models import Field
from django.utils.functional import Promise

from tests.house import ROOT, rooms
from tests.words import words_in

SPOKEN = {"description", "short_description", "help_text", "verbose_name", "verbose_name_plural", "label"}
# The calls whose arguments a person reads, from which argument on.
SAYING = {"message_user": 1, "ValidationError": 0, "add_error": 1}
# What programs read stays English: the documents of REST and of MCP. Agents keep their texts beside their contracts.
IN_ENGLISH = {"api", "mcp_server", "workers"}
PACKAGES = sorted(rooms() - IN_ENGLISH)


def literal(node: ast.AST | None) -> str:
    """The text that stands in the source as it is: a string, an f-string, or one that is formatted."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(literal, parts))
        case ast.BinOp(left=left, right=right):
            return literal(left) + literal(right)
        case ast.Call(func=ast.Attribute(value=text, attr="format")):
            return literal(text)
    return ""


def name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def said_by(node: ast.AST) -> Iterator[ast.AST | None]:
    """What a person would read of this statement or call."""
    match node:
        case ast.Call(func=function, args=args, keywords=named):
            of_messages = isinstance(function, ast.Attribute) and name_of(function.value) == "messages"
            yield from args[1 if of_messages else SAYING.get(name_of(function), len(args)) :]
            yield from (keyword.value for keyword in named if keyword.arg in SPOKEN)
        case ast.Assign(targets=targets, value=value):
            yield from (value for target in targets if name_of(target) in SPOKEN)
        case ast.ClassDef(bases=bases, body=body) if {"TextChoices", "IntegerChoices"} & set(map(name_of, bases)):
            yield from (label_of(line.value) for line in body if isinstance(line, ast.Assign))


def label_of(member: ast.expr) -> ast.expr:
    """The label of a choice: without one, Django makes an English one of its name."""
    return member.elts[-1] if isinstance(member, ast.Tuple) else member


def untranslatable_in_python(source: str) -> list[tuple[int, str]]:
    said = (text for node in ast.walk(ast.parse(source)) for text in said_by(node))
    return [(getattr(text, "lineno", 0), literal(text)) for text in said if words_in(literal(text))]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_text_that_python_says_to_people_can_be_translated(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted((ROOT / package).rglob("*.py"))
        if not {"migrations", "management"} & set(path.parts)
        for line, text in untranslatable_in_python(path.read_text())
    ]
    assert not found, "put these into gettext or gettext_lazy:\n" + "\n".join(found)


def shown_in_admin(page: ModelAdmin) -> Iterator[Field]:  # type: ignore[type-arg]
    """The model's fields that head a column, a filter or a value of the admin's pages."""
    named = [*page.list_display, *page.list_filter, *flatten(page.fields or ())]
    fields = {field.name: field for field in page.model._meta.concrete_fields}
    yield from (fields[name] for name in named if isinstance(name, str) and name in fields)


autodiscover()
OWN_PAGES = [page for model, page in site._registry.items() if model._meta.app_label in PACKAGES]


@pytest.mark.parametrize("page", OWN_PAGES, ids=lambda page: page.opts.label)
def test_every_heading_of_the_admin_can_be_translated(page: ModelAdmin) -> None:  # type: ignore[type-arg]
    found = {field.name for field in shown_in_admin(page) if not isinstance(field.verbose_name, Promise)}
    assert not found, f"give these fields of {page.opts.label} a verbose_name in gettext_lazy: {sorted(found)}"


@pytest.mark.parametrize(
    "source",
    [
        '@admin.display(description="items done")\ndef f(): ...',
        'x.short_description = "items done"',
        'models.TextField(help_text="What it said." + more)',
        'class Meta:\n    verbose_name = "item"',
        'messages.success(request, f"{n} sent")',
        'self.message_user(request, "%s sent" % n)',
        'raise forms.ValidationError("Too long.")',
        'form.add_error("file", "It is too large.")',
        'class State(models.TextChoices):\n    OPEN = "OPEN", "Open"',
        'class State(TextChoices):\n    OPEN = "OPEN"',
    ],
)
def test_english_in_python_is_found(source: str) -> None:
    assert untranslatable_in_python(source)


def test_python_that_is_translatable_or_speaks_to_nobody_is_left_alone() -> None:
    source = """
class State(models.TextChoices):
    OPEN = "OPEN", _("Open")
forms.CharField(label="", help_text=_("At most %(n)s.") % {"n": 2}, name="title")
messages.success(request, _("Sent"))
form.add_error("file", _("It is too large."))
"""
    assert untranslatable_in_python(source) == []
