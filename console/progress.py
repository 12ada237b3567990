"""Shows how far long work is, in bytes, with its rate and the time that is left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from console.plain_console import console_on


@contextmanager
def shown_progress(output: Any) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function to call with a step, and how many bytes of how many are done; on a terminal each has a bar."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console_on(output), disable=not output.isatty()) as bars:
        steps: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in steps:
                steps[what] = bars.add_task(what, total=total)
            bars.update(steps[what], completed=done, total=total)

        yield report
