"""Every file passes here before it is read, whatever door it comes through: its size, the virus scanner, quarantine.

A scanner that gives no verdict lets no file in (it fails closed). The file does not wait for it either: a wait of
unknown length would hold files that nobody looks after, and the person, who is still there, can send the file again.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.audit import acting_organisation, current_request
from backlog.errors import QuotaReached
from backlog.quotas import require_room_for_file
from intake import clamd
from intake.quarantine import prune_quarantine, quarantine
from intake.spreadsheets.outside import require_sender
from intake.spreadsheets.places import AGAIN_SECONDS, place_for_file
from intake.spreadsheets.sheet import Busy, Dangerous, Unreadable

logger = logging.getLogger(__name__)


class TooLarge(Unreadable):
    """The file has more bytes than a file may have."""


class NoRoomInQuota(Unreadable):
    """The organisation of who sends the file may store no file of this size any more."""

    extra: ClassVar = {"quota": "bytes_stored"}


class ScannerAway(Busy):
    """The virus scanner gave no verdict: the same file can be sent again later."""


@contextmanager
def admitted(file: Path | IO[bytes], name: str) -> Iterator[str]:
    """Check the file, then let the block read it and give it the file's SHA-256.

    One place for reading is held for all of it: a file for which there is none costs nothing but the refusal. A file
    that turns out to be dangerous, here or in the block, goes into quarantine.

    `file` is a path or an open file with a file descriptor, `name` its owner's name for it. Raises Unreadable, or Busy
    if too many files are being read.
    """
    try:
        with opened(file, name) as content:
            require_allowed_size(size := os.fstat(content.fileno()).st_size, name)
            require_within_quota(size)
            with place_for_file(require_sender):
                if current_request.get() is not None:
                    # Each file that comes over the web prunes the quarantine: one query of an index.
                    prune_quarantine()
                digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
                content.seek(0)
                require_no_virus(content, name)
                yield digest
    except Dangerous as error:
        with opened(file, name) as content:
            quarantine(content, name, str(error))
        raise


@contextmanager
def opened(file: Path | IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """Open the file, or return the open one, at its beginning; an open one stays open. Raises Unreadable."""
    if not isinstance(file, Path):
        file.seek(0)
        yield file
        file.seek(0)
        return
    try:
        content = file.open("rb")
    except OSError as error:
        words = _("%(file)s cannot be opened (%(why)s): check the path and the permissions.")
        raise Unreadable(words, file=name, why=error.strerror) from None
    with content:
        yield content


def require_allowed_size(size: int, name: str) -> None:
    """Raise TooLarge if a file of so many bytes may not be sent."""
    if size > settings.SPREADSHEET_LIMITS.most_bytes:
        words = _("%(file)s is larger than %(most)s MB: send a part of it, or leave columns out.")
        raise TooLarge(words, file=name, most=settings.SPREADSHEET_LIMITS.most_mb)


def require_within_quota(size: int) -> None:
    """Raise NoRoomInQuota if a file of so many bytes has no room in the organisation of who sends it.

    A command sends for an account that is known later: opening the project asks again, for every door.
    """
    if current_request.get() is None:
        return
    try:
        require_room_for_file(acting_organisation(), size)
    except QuotaReached as error:
        raise NoRoomInQuota(str(error)) from error


def require_no_virus(content: IO[bytes], name: str) -> None:
    """Raise Dangerous if the virus scanner finds something, ScannerAway or TooLarge if it gives no verdict."""
    if not settings.CLAMD:
        return
    try:
        found = clamd.signature_found(content, settings.CLAMD, settings.CLAMD_SECONDS)
    except clamd.BeyondScanner as error:
        logger.error("The virus scanner takes no file of this size: raise its StreamMaxLength. %s", error)
        words = _("%(file)s is larger than the virus scanner takes: send a part of it, or leave columns out.")
        raise TooLarge(words, file=name) from error
    except clamd.ScannerFailed as error:
        logger.error("The virus scanner gave no verdict, so the file was refused: %s", error)
        words = _(
            "%(file)s cannot be checked for viruses at the moment, so it was not read. Send it again in %(n)s seconds."
        )
        raise ScannerAway(words, file=name, n=AGAIN_SECONDS) from error
    if found:
        words = _("%(file)s was not read: the virus scanner found %(virus)s in it. Have your computer checked.")
        raise Dangerous(words, file=name, virus=found)
