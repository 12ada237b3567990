"""The console of the operator's commands, which draws tables and colours and prints people's texts as they are."""

from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Column
from rich.text import Text

from console.operator import ID_SHOWN, printable_text


def console_on(output: Any) -> Console:
    """Return a console that prints text literally: brackets and colons in people's texts are no markup.

    It writes to the terminal itself, since it makes texts harmless before it adds its own colours.
    """
    file: IO[str] = getattr(output, "terminal", output)
    return PlainConsole(file=file, markup=False, emoji=False, highlight=False)


class PlainConsole(Console):
    """A console that makes control characters in people's texts harmless, in plain and in styled texts."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable_text(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable_text(segment.text), segment.style)


def id_column() -> Column:
    """Return a table column for short ids, which every command accepts."""
    return Column("id", no_wrap=True, min_width=ID_SHOWN)
