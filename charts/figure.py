"""What every chart is made of: a figure with a caption, a picture with a name, and its figures as a table."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

# What XML does not allow, and a browser does not show.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

COLOURS = 6
# Light strokes over the colour; the first is plain. One a colour, so that each series differs in both.
HATCHES = (
    "",
    "M-2 2 2-2M0 8 8 0M6 10 10 6",
    "M2 2h.01M6 6h.01",
    "M0 4h8",
    "M-2 6 2 10M0 0 8 8M6-2 10 2",
    "M0 4h8M4 0v8",
)

Number = float | Decimal


@dataclass(frozen=True)
class Chart:
    """The name of a chart; `ident` comes from its content and begins each id inside it."""

    kind: str
    title: str
    description: str
    ident: str

    @classmethod
    def of(cls, kind: str, title: str, description: str, content: object) -> "Chart":
        """A chart of plain content: texts and numbers whose `repr` is always the same."""
        title, description = str(title), str(description) or _("The table below the chart has the same figures.")
        seed = repr((kind, title, description, content)).encode()
        return cls(kind, title, description, f"chart-{hashlib.sha256(seed).hexdigest()[:12]}")

    def picture(self, width: float, height: float, body: SafeString, *, role: str = "img") -> SafeString:
        """The drawing, `width` by `height` units, with its name for those who do not see it."""
        return format_html(
            '<svg xmlns="http://www.w3.org/2000/svg" role="{role}" aria-labelledby="{id}-title {id}-desc" '
            'viewBox="0 0 {width} {height}" width="{width}">'
            '<title id="{id}-title">{title}</title><desc id="{id}-desc">{desc}</desc>{body}</svg>',
            role=role, id=self.ident, width=units(width), height=units(height),
            title=self.title, desc=self.description, body=body,
        )  # fmt: skip

    def figure(self, picture: SafeString, figures: SafeString) -> SafeString:
        """The whole: the caption, the picture, and the table folded under it."""
        folded = format_html(
            '<details class="folded"><summary>{}</summary>'
            '<div class="scroll" tabindex="0" role="region" aria-label="{}">{}</div></details>',
            _("Show the numbers"), self.title, figures,
        )  # fmt: skip
        return self.around(format_html("{}{}", picture, folded))

    def empty(self) -> SafeString:
        """The figure when there is nothing to draw."""
        return self.around(format_html('<p class="empty">{}</p>', _("There is nothing to show yet.")))

    def around(self, inside: SafeString) -> SafeString:
        """The figure with its caption; what no document may contain is replaced."""
        whole = format_html(
            '<figure class="chart chart-{}"><figcaption>{}</figcaption>{}</figure>', self.kind, self.title, inside
        )
        return SafeString(ILLEGAL.sub("\ufffd", whole))

    def hatched(self, series: int) -> str:
        """The fill of a series, by its number from 0."""
        return f"url(#{self.ident}-{series})"

    def hatches(self, count: int) -> SafeString:
        """The patterns of so many series; after 6 the colours return with another hatch, after 36 with the same."""
        pattern = (
            '<pattern id="{}-{}" width="8" height="8" patternUnits="userSpaceOnUse">'
            '<rect class="fill-{}" width="8" height="8"/><path class="hatch" d="{}"/></pattern>'
        )
        rows = ((self.ident, i, i % COLOURS + 1, HATCHES[(i + i // COLOURS) % COLOURS]) for i in range(count))
        return format_html("<defs>{}</defs>", format_html_join("", pattern, rows))

    def legend(self, words: Iterable[tuple[str, str]]) -> SafeString:
        """Each series as a swatch, its name and what is said of it."""
        entry = (
            '<li><svg class="swatch" aria-hidden="true" viewBox="0 0 16 16" width="16" height="16">'
            '<rect fill="{}" width="16" height="16" rx="3"/></svg><span>{}</span><b>{}</b></li>'
        )
        rows = ((self.hatched(i), name, said) for i, (name, said) in enumerate(words))
        return format_html('<ul class="legend">{}</ul>', format_html_join("", entry, rows))


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, css: str = "number") -> SafeString:
    """A table whose first column names the rows; `css` is the class of the other cells."""
    head = format_html_join(
        "", '<th scope="col" class="{}">{}</th>', ((css if i else "", h) for i, h in enumerate(heads))
    )
    row = '<tr><th scope="row">{}</th>{}</tr>'
    cell = '<td class="{}">{}</td>'
    body = ((first, format_html_join("", cell, ((css, text) for text in rest))) for first, *rest in rows)
    return format_html(
        '<table class="table"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        caption, head, format_html_join("", row, body),
    )  # fmt: skip


def exact(value: Number, *, negative: bool = False) -> Decimal:
    """The number as it is written. ValueError if it is no finite number, or below zero where that has no picture."""
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"A chart shows finite numbers, not {value}.")
    if number < 0 and not negative:
        raise ValueError(f"This chart shows no negative numbers, such as {value}.")
    return number


def spelled(value: Decimal, unit: str = "") -> str:
    """The number as the reader writes it, with two decimals at most (more if it is below 0.1), and its unit."""
    rounded = value if value == value.to_integral_value() else round(value, max(2, 1 - value.adjusted()))
    text = str(number_format(rounded.normalize() + 0, use_l10n=True, force_grouping=True))
    return f"{text}\u00a0{unit}" if unit else text


def measured(head: str, unit: str) -> str:
    """The head of a column with its unit."""
    return f"{head} ({unit})" if unit else head


def units(value: float | Decimal) -> str:
    """A coordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")
