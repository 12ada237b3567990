"""Every text of a template can be translated."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

from tests.house import ROOT
from tests.words import words_in

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
