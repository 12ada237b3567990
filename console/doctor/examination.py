"""Has every inspection look at the same time; one that hangs or fails costs its own lines only."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from django.db import connections

from console.doctor import machine, services, values, ways
from console.doctor.lines import WRONG, Line
from health.watch import AWAY_ERRORS, one_line

logger = logging.getLogger(__name__)

# Longer than any connection is waited for.
LONGEST_SECONDS = 12.0
Inspection = Callable[[], Iterable[Line]]


def inspections(web: str) -> Mapping[str, Inspection]:
    """Return all inspections by what they look at; `web` is HOST:PORT of the pages."""
    return {
        "variables": values.variables_of_the_file,
        "names": values.names_of_the_environment,
        "secrets": values.secrets,
        "addresses": values.addresses,
        "transport": values.transport,
        "python": machine.python,
        "time zones": machine.time_zones,
        "pdf": machine.typesetter,
        "data folder": machine.data_folder,
        "ports": lambda: machine.ports(web),
        "open files": machine.open_files,
        "processes": machine.processes,
        "database": services.database,
        "broker": services.broker,
        "clocks": services.clocks,
        "mail": services.mail,
        "webhooks": services.webhooks,
        "ways out": ways.ways,
    }


def examine(web: str) -> list[Line]:
    """Return the lines of all inspections, in their order, within about LONGEST_SECONDS."""
    asked = inspections(web)
    found: dict[str, list[Line]] = {}
    threads = [
        threading.Thread(target=lambda item=item: found.update({item[0]: lines_of(*item)}), daemon=True)
        for item in asked.items()
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LONGEST_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [line for about in asked for line in found.get(about, [no_answer(about)])]


def lines_of(about: str, look: Inspection) -> list[Line]:
    """Return the lines of one inspection; one that fails has one line, which says why."""
    try:
        return list(look())
    except AWAY_ERRORS as error:
        return [
            Line(about, WRONG, f"This could not be looked at: {one_line(error)}.", "Mend what does not answer first.")
        ]
    except Exception as error:
        logger.exception("The inspection %s failed", about)
        return [Line(about, WRONG, f"This could not be looked at: {error!r}.", "Report it with the traceback above.")]
    finally:
        connections.close_all()


def no_answer(about: str) -> Line:
    """Return the line of an inspection that did not end in time."""
    return Line(about, WRONG, f"No answer within {LONGEST_SECONDS:.0f} s.", "See what hangs there: network or disk.")
