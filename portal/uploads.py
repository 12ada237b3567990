"""Spreadsheets between their preview and their request: kept in a private folder, for one person, for a day."""

import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from accounts.models import User

MOST_BYTES = 20 * 1024 * 1024
KEPT_SECONDS = 24 * 3600
# Whoever shows more files than this without sending them loses the oldest.
MOST_KEPT = 5
LONGEST_NAME = 120
SALT = "portal.uploads"
STORED_NAME = re.compile(r"\d+-[0-9a-f]{32}")


class Gone(Exception):
    """The file is not kept any more, or is not this person's."""


@dataclass(frozen=True)
class Upload:
    """A kept file: where it is, what its owner calls it, and the token by which its owner finds it again."""

    path: Path
    name: str
    token: str


class SizeLimit(FileUploadHandler):
    """Reads no more of a file than may be sent; what comes after it is not stored anywhere.

    The request then has `oversized`, the names of the fields whose files are too large.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MOST_BYTES:
            assert self.request is not None
            oversized(self.request).append(str(self.field_name))
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def oversized(request: HttpRequest) -> list[str]:
    """The names of the fields whose files were too large to be read."""
    found: list[str] = request.__dict__.setdefault("oversized", [])
    return found


def keep(file: "UploadedFile[Any]", user: User) -> Upload:
    """Store the file for this person under a random name; files of days past are swept."""
    make_room(user)
    stored = f"{user.pk}-{secrets.token_hex(16)}"
    path = folder() / stored
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
    shown = shown_name(file.name or "")
    return Upload(path, shown, signing.dumps([stored, shown], salt=salt_of(user)))


def find(token: str, user: User) -> Upload:
    """The file that this person's token names. Raises Gone."""
    try:
        stored, shown = signing.loads(token, salt=salt_of(user), max_age=KEPT_SECONDS)
    except signing.BadSignature as error:
        raise Gone from error
    path = folder() / stored
    if not STORED_NAME.fullmatch(stored) or not path.is_file():
        raise Gone
    return Upload(path, shown, token)


def discard(upload: Upload) -> None:
    """The file is not needed any more."""
    upload.path.unlink(missing_ok=True)


def salt_of(user: User) -> str:
    """What makes a token good for this person alone."""
    return f"{SALT}.{user.pk}"


def folder() -> Path:
    """Where the files are kept, readable by their owner alone."""
    place = Path(settings.DATA_DIR) / "uploads"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def make_room(user: User) -> None:
    """Delete the files of days past, and this person's oldest beyond the few they may keep."""
    theirs = []
    for path, age in ages():
        if age > KEPT_SECONDS:
            path.unlink(missing_ok=True)
        elif path.name.startswith(f"{user.pk}-"):
            theirs.append((age, path))
    for _age, path in sorted(theirs)[MOST_KEPT - 1 :]:
        path.unlink(missing_ok=True)


def ages() -> Iterator[tuple[Path, float]]:
    """Each kept file with its age in seconds; one that goes away meanwhile is left out."""
    now = time.time()
    for path in folder().iterdir():
        if STORED_NAME.fullmatch(path.name):
            try:
                yield path, now - path.stat().st_mtime
            except FileNotFoundError:
                continue


def shown_name(name: str) -> str:
    """What the file is called, for reading only: without folders, unprintable signs and excessive length."""
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(sign for sign in last if sign.isprintable()).strip()
    return printable if len(printable) <= LONGEST_NAME else "…" + printable[-LONGEST_NAME + 1 :]
