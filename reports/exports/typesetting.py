"""Typeset documents in a child process, so that none can hold up the web server, whatever is in it.

The child is killed after LONGEST_SECONDS. Few children run at once, and few threads wait for them; further callers are
refused at once with a sentence, so most threads of the web server always stay free.
"""

import json
import logging
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from django.utils.translation import gettext as _

from environment import child_python
from reports.exports import typeset
from reports.exports.errors import ExportBusy, ExportFailed, ExportUnavailable

# A report of a hundred pages takes two or three seconds.
LONGEST_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 10.0
AT_ONCE, MOST_CALLERS = 2, 5
AGAIN_SECONDS = 10
TEMPLATES = Path(__file__).parent

logger = logging.getLogger(__name__)
callers = threading.BoundedSemaphore(MOST_CALLERS)
places = threading.BoundedSemaphore(AT_ONCE)


def require_typesetter() -> None:
    """Raise ExportUnavailable, with what to install, unless the typesetter is there."""
    if find_spec("typst") is None:
        words = _(
            "PDF files need the package “typst”, which is not installed here. An operator installs it with "
            "pip install 'interlock[pdf]' and starts Interlock again."
        )
        raise ExportUnavailable(words)


def typeset_document(template: str, *, inputs: Mapping[str, str], timestamp: int) -> bytes:
    """Return the PDF of the template and its inputs. Raises ExportUnavailable, ExportBusy or ExportFailed."""
    require_typesetter()
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    job = json.dumps({"template": source, "inputs": dict(inputs), "timestamp": timestamp}).encode()
    with place():
        return run_child(job)


@contextmanager
def place() -> Iterator[None]:
    """Hold one of the places for typesetting during the block. Raises ExportBusy if none becomes free."""
    if not callers.acquire(blocking=False):
        raise busy_error()
    try:
        if not places.acquire(timeout=LONGEST_WAIT_SECONDS):
            raise busy_error()
        try:
            yield
        finally:
            places.release()
    finally:
        callers.release()


def run_child(job: bytes) -> bytes:
    """Return what the child process makes of the job. Raises ExportBusy if it takes too long, or ExportFailed."""
    command = [*child_python.COMMAND, typeset.__file__, str(os.getpid())]
    try:
        done = subprocess.run(
            command, input=job, capture_output=True, timeout=LONGEST_SECONDS, env=child_python.variables()
        )
    except subprocess.TimeoutExpired as error:
        words = _(
            "The PDF took longer than %(n)s seconds, so it was stopped. Take the web page or the workbook instead."
        )
        raise ExportBusy(words % {"n": round(LONGEST_SECONDS)}) from error
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        logger.error("The typesetter ended without a document: %s", done.stderr.decode(errors="replace")[-2000:])
        raise ExportFailed(_("The PDF could not be made: our staff find why in the log. Take the workbook instead."))
    return done.stdout


def busy_error() -> ExportBusy:
    """Return the error for a caller who got no place: its message says when to ask again."""
    words = _("Many PDF files are being made at the moment. Ask for this one again in %(n)s seconds.")
    return ExportBusy(words % {"n": AGAIN_SECONDS})
