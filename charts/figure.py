"""The parts that all charts share: a figure with a caption, a picture with a name, and a table of the numbers."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

# The characters that XML does not allow; a browser would not show the chart.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

COLOURS = 6
# SVG paths of light strokes over the colour, one for each colour, so that two series differ in both; the first is
# plain.
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
    """The name of a chart. `ident` is a hash of the content; every id inside the chart begins with it."""

    kind: str
    title: str
    description: str
    ident: str

    @classmethod
    def of(cls, kind: str, title: str, description: str, content: object) -> "Chart":
        """Return a chart; the `repr` of `content` (texts and numbers) must not change between two calls."""
        title, description = str(title), str(description) or _("The table below the chart has the same figures.")
        seed = repr((kind, title, description, content)).encode()
        return cls(kind, title, description, f"chart-{hashlib.sha256(seed).hexdigest()[:12]}")

    def picture(self, width: float, height: float, body: SafeString, *, role: str = "img") -> SafeString:
        """Return the SVG element, `width` by `height` units, with title and description for screen readers."""
        return format_html(
            '<svg xmlns="http://www.w3.org/2000/svg" role="{role}" aria-labelledby="{id}-title {id}-desc" '
            'viewBox="0 0 {width} {height}" width="{width}">'
            '<title id="{id}-title">{title}</title><desc id="{id}-desc">{desc}</desc>{body}</svg>',
            role=role, id=self.ident, width=coordinate(width), height=coordinate(height),
            title=self.title, desc=self.description, body=body,
        )  # fmt: skip

    def figure(self, picture: SafeString, figures: SafeString) -> SafeString:
        """Return the complete figure: the caption, the picture, and the folded table `figures` under it."""
        folded = format_html(
            '<details class="folded"><summary>{}</summary>'
            '<div class="scroll" tabindex="0" role="region" aria-label="{}">{}</div></details>',
            _("Show the numbers"), self.title, figures,
        )  # fmt: skip
        return self.with_caption(format_html("{}{}", picture, folded))

    def empty(self) -> SafeString:
        """Return the figure of a chart without data: the caption and a sentence."""
        return self.with_caption(format_html('<p class="empty">{}</p>', _("There is nothing to show yet.")))

    def with_caption(self, inside: SafeString) -> SafeString:
        """Return the figure element with the caption and this content; illegal characters are replaced."""
        element = format_html(
            '<figure class="chart chart-{}"><figcaption>{}</figcaption>{}</figure>', self.kind, self.title, inside
        )
        return SafeString(ILLEGAL.sub("\ufffd", element))

    def fill(self, series: int) -> str:
        """Return the `fill` attribute of a series: its number counts from 0."""
        return f"url(#{self.ident}-{series})"

    def hatches(self, count: int) -> SafeString:
        """Return the SVG patterns of `count` series.

        After 6 series the colours repeat with other hatches; after 36 a pattern repeats.
        """
        pattern = (
            '<pattern id="{}-{}" width="8" height="8" patternUnits="userSpaceOnUse">'
            '<rect class="fill-{}" width="8" height="8"/><path class="hatch" d="{}"/></pattern>'
        )
        rows = ((self.ident, i, i % COLOURS + 1, HATCHES[(i + i // COLOURS) % COLOURS]) for i in range(count))
        return format_html("<defs>{}</defs>", format_html_join("", pattern, rows))

    def legend(self, words: Iterable[tuple[str, str]]) -> SafeString:
        """Return the legend, from (name, text) of each series: a swatch, the name, and the text in bold."""
        entry = (
            '<li><svg class="swatch" aria-hidden="true" viewBox="0 0 16 16" width="16" height="16">'
            '<rect fill="{}" width="16" height="16" rx="3"/></svg><span>{}</span><b>{}</b></li>'
        )
        rows = ((self.fill(i), name, text) for i, (name, text) in enumerate(words))
        return format_html('<ul class="legend">{}</ul>', format_html_join("", entry, rows))


def values_table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, css: str = "number"
) -> SafeString:
    """Return a table whose first column names the rows; `css` is the class of all other cells."""
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


def exact_number(value: Number, *, negative: bool = False) -> Decimal:
    """Return the number as an exact decimal. Raises ValueError if it is not finite, or negative without `negative`."""
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"A chart shows finite numbers, not {value}.")
    if number < 0 and not negative:
        raise ValueError(f"This chart shows no negative numbers, such as {value}.")
    return number


def localized_number(value: Decimal, unit: str = "") -> str:
    """Return the number in the reader's format with its unit; at most two decimals, more for values below 0.1."""
    rounded = value if value == value.to_integral_value() else round(value, max(2, 1 - value.adjusted()))
    text = str(number_format(rounded.normalize() + 0, use_l10n=True, force_grouping=True))
    return f"{text}\u00a0{unit}" if unit else text


def with_unit(head: str, unit: str) -> str:
    """Return the heading of a column with its unit in brackets."""
    return f"{head} ({unit})" if unit else head


def coordinate(value: float | Decimal) -> str:
    """Return a coordinate as text, rounded to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")
