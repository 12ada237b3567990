#!/usr/bin/env python
"""The French translation: finds what can be translated, merges, compiles and checks it, with nothing but Python."""

import argparse
import ast
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted({path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"})
PO = ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")

SINGLE, PLURAL, IN_CONTEXT, PLURAL_IN_CONTEXT = (1,), (1, 2), ((1, "c"), 2), ((1, "c"), 2, 3)
PYTHON = "babel.messages.extract:extract_python"
KEYWORDS: dict[str, Any] = {
    "_": SINGLE, "gettext": SINGLE, "gettext_lazy": SINGLE, "gettext_noop": SINGLE,
    "ngettext": PLURAL, "ngettext_lazy": PLURAL,
    "pgettext": IN_CONTEXT, "pgettext_lazy": IN_CONTEXT,
    "npgettext": PLURAL_IN_CONTEXT, "npgettext_lazy": PLURAL_IN_CONTEXT,
}  # fmt: skip
PLACEHOLDER = re.compile(r"%%|%(?:\(\w+\))?[-+#0-9.]*[a-zA-Z]|\{[^{}\s]*\}")

Id = str | tuple[str, ...]
Found = tuple[Id, str | None]  # a message, and the context that tells it from another of the same words


class Translation(Catalog):
    """A catalog whose header says nothing of when and with what it was written: same texts, same bytes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """The header's lines; the last ends it."""
        return [
            ("Project-Id-Version", "Interlock"),
            ("Language", "fr"),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit\n"),
        ]


# -- finding ---------------------------------------------------------------------------------------
def in_python(source: str) -> Iterator[Found]:
    """What a call in the source marks as translatable."""
    for _line, ids, _comments, context in extract(PYTHON, BytesIO(source.encode()), KEYWORDS):
        yield ids, context


def in_template(source: str) -> Iterator[Found]:
    """What the tags of a template mark as translatable."""
    # Python would stumble over the indentation of HTML.
    yield from in_python("\n".join(line.strip() for line in templatize(source).splitlines()))


def in_event_schema(source: str) -> Iterator[Found]:
    """The first sentence of its description, without the full stop: what pages call such an event."""
    yield json.loads(source)["description"].partition(". ")[0].rstrip("."), None


def in_blueprint(source: str) -> Iterator[Found]:
    """The titles and descriptions of a template, of its items, and of what they need."""
    template = yaml.safe_load(source)
    yield from words_of(template)
    for figure in template.get("figures", []):
        yield from words_of(figure["ask"])
    for item in template["items"]:
        yield from words_of(item)
        for needed in item.get("needs", {}).get("properties", {}).values():
            yield from words_of(needed)


def in_agent(source: str) -> Iterator[Found]:
    """What a person reads when an agent lacks something: the title and description of a field, and the reason."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name("Missing"), args=[_, ast.Constant(str(reason))]):
                yield reason, None
            case ast.Call(func=ast.Name("Field"), keywords=said):
                yield from words_of({str(k.arg): k.value.value for k in said if isinstance(k.value, ast.Constant)})
            case ast.Dict(keys=[ast.Constant("type"), *_]):
                pairs = ((k, v) for k, v in zip(node.keys, node.values, strict=True) if isinstance(v, ast.Constant))
                yield from words_of({k.value: v.value for k, v in pairs if isinstance(k, ast.Constant)})


def words_of(described: Mapping[Any, Any]) -> Iterator[Found]:
    """What it is called, how it is described, and in which unit it is given."""
    yield from ((described[key], None) for key in ("title", "description", "x_unit") if described.get(key))


SOURCES: list[tuple[str, Callable[[str], Iterator[Found]]]] = [
    *((f"{package}/**/*.py", in_python) for package in PACKAGES),
    *((f"{folder}templates/**/*.*", in_template) for folder in ("", *(f"{package}/" for package in PACKAGES))),
    ("schemas/events/*.json", in_event_schema),
    ("backlog/blueprints/*.yaml", in_blueprint),
    ("workers/agents/**/*.py", in_agent),
]


def translatable() -> Translation:
    """Every message of the project, with the files that use it."""
    catalog = Translation("fr", fuzzy=False)
    for pattern, messages_in in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            if not {"tests", "migrations"} & set(path.parts) and path.is_file():
                for ids, context in messages_in(path.read_text()):
                    catalog.add(ids, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)
    return catalog


# -- writing ---------------------------------------------------------------------------------------
def translated() -> Catalog:
    """The translations that the .po file has, and what is written above them; none without the file."""
    text = PO.read_text() if PO.exists() else ""
    catalog = read_po(BytesIO(text.encode()), locale="fr")
    catalog.header_comment = text.partition('msgid ""')[0]
    return catalog


def merged(found: Catalog, known: Catalog) -> Translation:
    """The found messages with their known translations: none is guessed, and what is no longer found is dropped."""
    catalog = Translation("fr", fuzzy=False, header_comment=known.header_comment)
    for message in found:
        if message.id:
            old = known.get(message.id, message.context)
            if old is None or old.id != message.id:
                old = Message(message.id)
            flags = {"fuzzy"} if old.fuzzy else set()
            catalog.add(message.id, old.string, message.locations, flags, context=message.context)
    return catalog


def as_po(catalog: Translation) -> bytes:
    """The .po file."""
    file = BytesIO()
    write_po(file, catalog, width=120, sort_output=True, ignore_obsolete=True, include_lineno=False)
    return file.getvalue().rstrip(b"\n") + b"\n"


def as_mo(catalog: Catalog) -> bytes:
    """The .mo file, which is what Django reads."""
    file = BytesIO()
    write_mo(file, merged(catalog, catalog))
    return file.getvalue()


# -- checking --------------------------------------------------------------------------------------
def problems() -> list[str]:
    """What `update`, a translator or `compile` has to do, each with the message and the files that use it."""
    known = translated()
    found = [
        f"{fault}: “{message.id if isinstance(message.id, str) else message.id[0]}”"
        f" ({', '.join(sorted({path for path, _line in message.locations}))})"
        for message in translatable()
        if message.id and (fault := fault_of(message, known.get(message.id, message.context)))
    ]
    stale = not MO.exists() or MO.read_bytes() != as_mo(known)
    return found + ([f"{MO.relative_to(ROOT)} is not what compile writes"] if stale else [])


def fault_of(message: Message, translation: Message | None) -> str:
    """What is wrong with the translation in a few words; "" if nothing is."""
    if translation is None or translation.id != message.id:
        return "missing"
    texts = [translation.string] if isinstance(translation.string, str) else list(translation.string or ())
    if not all(text.strip() for text in texts):
        return "empty"
    # French has its first form for none too, so every form has to say what the plural says.
    wanted = placeholders(message.id if isinstance(message.id, str) else message.id[-1])
    if any(placeholders(text) != wanted for text in texts):
        return "other placeholders"
    return "fuzzy" if translation.fuzzy else ""


def placeholders(text: str) -> list[str]:
    """The placeholders of the text, sorted: %(name)s, {name}, %s; and %%."""
    return sorted(PLACEHOLDER.findall(text))


def main() -> int:
    """The exit code: 1 when a check finds something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["update", "compile", "check"])
    what = parser.parse_args().what
    if what == "update":
        PO.parent.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(as_po(merged(translatable(), translated())))
    if what == "compile":
        MO.write_bytes(as_mo(translated()))
    found = problems() if what == "check" else []
    print("\n".join(found) or f"{len(translated())} messages", file=sys.stderr if found else sys.stdout)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
