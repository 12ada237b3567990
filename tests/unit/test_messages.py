"""Whoever reads French reads no English: every text that can be translated is."""

import importlib.util
import re
from types import ModuleType

import pytest
from django.utils.translation import gettext, ngettext, override

from tests.house import ROOT


def script() -> ModuleType:
    """scripts/messages.py as a module."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / "scripts" / "messages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


messages = script()


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
