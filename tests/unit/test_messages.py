"""Whoever reads French reads no English: every text can be translated, and is."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings
from django.contrib.admin import ModelAdmin, autodiscover, site
from django.contrib.admin.utils import flatten
from django.db.models import Field
from django.template.base import Lexer, TokenType
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, override

ROOT = Path(settings.BASE_DIR)
WORD = re.compile(r"[^\W\d_]{2,}")
# Names, which are the same in every language.
NAMES = {"Interlock", "CSV", "JSON", "XLSX", "YAML"}


def script() -> ModuleType:
    """scripts/messages.py as a module."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / "scripts" / "messages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


messages = script()


def words_in(text: str) -> list[str]:
    """The words of two letters or more that are in some language."""
    return [word for word in WORD.findall(text) if word not in NAMES]


# -- the translation -------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def problems() -> list[str]:
    return list(messages.problems())


@pytest.mark.parametrize("fault", ["missing", "empty", "fuzzy", "other placeholders", "locale/"])
def test_the_french_translation_is_whole_and_compiled(problems: list[str], fault: str) -> None:
    found = [problem for problem in problems if problem.startswith(fault)]
    assert not found, "run: make messages; then translate what is left in locale/fr\n" + "\n".join(found)


def test_django_speaks_the_translation() -> None:
    with override("fr"):
        assert gettext("Dead letters") == "Messages en échec"
        assert [ngettext("%(n)s day", "%(n)s days", n) % {"n": n} for n in (0, 1, 2)] == ["0 jour", "1 jour", "2 jours"]


# -- how it is kept --------------------------------------------------------------------------------
def test_a_call_is_found_under_every_name_it_has() -> None:
    source = '_("a") + ngettext("b", "bs", 2) + pgettext("where", "c") + gettext_noop("d") + _(e) + f("g")'
    assert list(messages.in_python(source)) == [("a", None), (("b", "bs"), None), ("c", "where"), ("d", None)]


def test_the_tags_of_a_template_are_found_however_it_is_indented() -> None:
    source = """{% load i18n %}
    <p title="{% translate "One" context "count" %}">
  {% blocktranslate trimmed count n=rows|length %}
      {{ n }} row
    {% plural %}
      {{ n }} rows
  {% endblocktranslate %}</p>"""
    assert list(messages.in_template(source)) == [("One", "count"), (("%(n)s row", "%(n)s rows"), None)]


def test_an_event_is_called_by_the_first_sentence_of_its_contract() -> None:
    schema = '{"description": "A worker is told to do the item. Its replies name it."}'
    assert list(messages.in_event_schema(schema)) == [("A worker is told to do the item", None)]


def test_what_people_are_asked_is_found_in_blueprints_and_agents() -> None:
    blueprint = """
    title: Audit
    figures: [{field: kpi, ask: {title: Which}}]
    items: [{key: cost, title: Cost, needs: {properties: {rate: {title: Rate, description: An hour, examples: [1]}}}}]
    """
    agent = 'Field(title="Rate", ge=0); {"type": "array", "title": "Tasks"}; Missing({}, "None."); {"title": "Result"}'
    assert [text for text, _ in messages.in_blueprint(blueprint)] == ["Audit", "Which", "Cost", "Rate", "An hour"]
    assert sorted(text for text, _ in messages.in_agent(agent)) == ["None.", "Rate", "Tasks"]


def catalog(**texts: str) -> object:
    found = messages.Translation("fr", fuzzy=False)
    for text, translation in texts.items():
        found.add(text, translation, locations=[("portal/forms.py", 0)])
    return found


def test_an_update_keeps_what_is_translated_drops_what_is_gone_and_guesses_nothing() -> None:
    merged = messages.merged(catalog(Send="", Sends=""), catalog(Send="Envoyer", Leave="Quitter"))
    assert {message.id: message.string for message in merged if message.id} == {"Send": "Envoyer", "Sends": ""}


def test_the_same_texts_make_the_same_files_whatever_their_order_and_the_time() -> None:
    one, other = catalog(A="un", B="deux"), catalog(B="deux", A="un")
    assert messages.as_po(one) == messages.as_po(other)
    assert messages.as_mo(one) == messages.as_mo(other)
    assert not re.search(rb"Date|Babel \d", messages.as_po(one) + messages.as_mo(one))


@pytest.mark.parametrize(
    ("text", "translation", "fault"),
    [
        ("%(n)s rows", "%(n)s lignes", ""),
        ("%(n)s rows", "lignes", "other placeholders"),
        ("at least {}", "au moins {nombre}", "other placeholders"),
        ("%s of %s", "%s", "other placeholders"),
        ("%(n)s%%", "%(n)s %", "other placeholders"),
        (("row", "%(n)s rows"), ("%(n)s ligne", "%(n)s lignes"), ""),
        (("row", "%(n)s rows"), ("ligne", "%(n)s lignes"), "other placeholders"),
        (("row", "rows"), ("ligne", ""), "empty"),
        ("Send", " ", "empty"),
        ("Send", None, "missing"),
    ],
)
def test_a_translation_at_fault_is_found(text: object, translation: object, fault: str) -> None:
    found = messages.Translation("fr", fuzzy=False)
    message = found.add(text)
    known = messages.Translation("fr", fuzzy=False).add(text, translation) if translation else None
    assert messages.fault_of(message, known) == fault


def test_a_fuzzy_translation_stays_fuzzy_until_somebody_has_looked_at_it() -> None:
    known = messages.Translation("fr", fuzzy=False)
    known.add("Send", "Envoyer", flags=["fuzzy"])
    merged = messages.merged(catalog(Send=""), known)
    assert messages.fault_of(merged.get("Send"), merged.get("Send")) == "fuzzy"


# -- what is not translatable at all: templates ----------------------------------------------------
LITERAL_IN_FILTER = re.compile(r"""\|\s*(?:default|default_if_none|yesno|join)\s*:\s*(?:"([^"]*)"|'([^']*)')""")
LITERAL_FOR_INCLUDE = re.compile(r"""\b\w+=(?:"([^"]*)"|'([^']*)')""")
# Blocks that hold the topics of a page, or names of styles.
FOR_MACHINES = re.compile(r"block (?:live|bodyclass|coltype|page_class)\b")


class Texts(HTMLParser):
    """The texts of a page that people see or hear, each with its line."""

    ATTRIBUTES = {"alt", "title", "placeholder", "aria-label", "aria-description", "aria-valuetext", "label"}
    BUTTONS = {"submit", "button", "reset"}
    SILENT = {"script", "style", "code", "kbd"}

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # An element that names its language is in that language on purpose; the page itself is in the reader's.
        if tag in self.SILENT or ("lang" in dict(attrs) and tag != "html"):
            self.silent.append(tag)
        button = tag == "input" and dict(attrs).get("type") in self.BUTTONS
        spoken = self.ATTRIBUTES | ({"value"} if button else set())
        self.found += [(self.getpos()[0], value or "") for name, value in attrs if name in spoken]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.silent[-1:]:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        lines = enumerate(data.splitlines(), start=self.getpos()[0])
        self.found += [] if self.silent else lines


def texts_of_template(source: str) -> Iterator[tuple[int | None, str]]:
    """The texts of the template that no tag makes translatable, each with its line."""
    html, ends = "", ""
    for token in Lexer(source).tokenize():
        tag = token.contents.split(maxsplit=1)[0] if token.token_type == TokenType.BLOCK and token.contents else ""
        if token.token_type == TokenType.TEXT:
            html += "\n" * token.contents.count("\n") if ends else token.contents
        elif token.token_type != TokenType.COMMENT and not ends:
            yield from ((token.lineno, "".join(texts)) for texts in LITERAL_IN_FILTER.findall(token.contents))
        if tag in ("include", "with"):
            yield from ((token.lineno, "".join(texts)) for texts in LITERAL_FOR_INCLUDE.findall(token.contents))
        if not ends and (tag in ("blocktranslate", "blocktrans", "comment") or FOR_MACHINES.match(token.contents)):
            ends = f"end{tag}"
        elif tag == ends:
            ends = ""
    page = Texts()
    page.feed(html)
    page.close()
    yield from page.found


def untranslatable_in_template(source: str) -> list[tuple[int | None, str]]:
    return [(line, text.strip()) for line, text in texts_of_template(source) if words_in(text)]


def templates() -> list[Path]:
    return sorted(path for folder in ("templates", "*/templates") for path in ROOT.glob(f"{folder}/**/*.*"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_text_of_a_template_can_be_translated(path: Path) -> None:
    found = [f"{path.relative_to(ROOT)}:{line}: {text}" for line, text in untranslatable_in_template(path.read_text())]
    assert not found, "put these into {% translate %} or {% blocktranslate %}:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "<p>Nothing</p>",
        '<img alt="A board">',
        '<a aria-label="Next {{ page }}">→</a>',
        '<input type="submit" value="Send">',
        "{% blocktranslate %}Fine{% endblocktranslate %} not fine",
        '{{ name|default:"nobody" }}',
        '{% include "a.html" with words="Sent" %}',
        "<svg><title>Graph</title></svg>",
        '<html lang="fr"><code>make</code> Run it</html>',
        "{% if a %}<b{% if b %} class='x'{% endif %}>Yes</b>{% endif %}",
    ],
)
def test_english_in_a_template_is_found(source: str) -> None:
    assert untranslatable_in_template(f"\n{source}")[0][0] == 2


@pytest.mark.parametrize(
    "source",
    [
        '<p class="card" id="board">{% translate "Sent" %}: {{ n }} × 3 h</p>',
        '<img alt="{% translate "A board" %}">',
        '<input type="hidden" value="send">',
        "{# why #}{% comment %}why{% endcomment %}<!-- why --><script>let a</script><style>b {}</style>",
        "{% blocktranslate count n=n %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}",
        "{% block live %}overview{% endblock %}",
        '<p lang="fr">Une erreur est survenue.</p>',
        "Interlock&nbsp;· CSV <code>make demo</code>",
    ],
)
def test_what_is_translatable_or_no_language_is_left_alone(source: str) -> None:
    assert untranslatable_in_template(source) == []


# -- what is not translatable at all: Python -------------------------------------------------------
SPOKEN = {"description", "short_description", "help_text", "verbose_name", "verbose_name_plural", "label"}
# The calls whose arguments a person reads, from which argument on.
SAYING = {"message_user": 1, "ValidationError": 0, "add_error": 1}
PACKAGES = ("accounts", "backlog", "clarifications", "config", "events", "portal")


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
