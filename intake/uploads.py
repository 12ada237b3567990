"""Spreadsheets between their preview and their request: kept in a private folder, for one person, for a day."""

import io
import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User
from accounts.typed_text import FILES_LEFT_OUT

MOST_BYTES = 20 * 1024 * 1024
KEPT_SECONDS = 24 * 3600
# Whoever shows more files than this without sending them loses the oldest.
MOST_KEPT = 5
LONGEST_NAME = 120
SALT = "intake.uploads"
STORED_NAME = re.compile(r"\d+-[0-9a-f]{32}")


class Gone(Exception):
    """The file is not kept any more, or is not this person's."""


@dataclass(frozen=True)
class Upload:
    """A kept file: where it is, what its owner calls it, and the token by which its owner finds it again."""

    path: Path
    name: str
    token: str


class NoFiles(FileUploadHandler):
    """Stores no file, only notes its name: the handler of every address that does not say that it takes files."""

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        if self.request is not None:
            self.request.META.setdefault(FILES_LEFT_OUT, []).append(shown_name(file_name))
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None


class Unnamed(FileUploadHandler):
    """Keeps a file on the disk under no name, so that nothing is left of it, however this process ends.

    Of one that is too large no more is stored than may be sent; its `size` is what was sent.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  (the request closes it)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= MOST_BYTES:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        if file_size > MOST_BYTES:
            self.file.truncate(0)
        self.file.seek(0)
        kind, extra = self.content_type, self.content_type_extra
        return UploadedFile(self.file, self.file_name, kind, file_size, self.charset, extra)


class FilesOfKnownPeople:
    """Lets the pages that take files have them, once it is known who sends them; others store nothing.

    A page says so by `takes_files`. It has to be decided before the protection against forged forms reads the form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        """Decide by the page, and by who asks for it."""
        page = getattr(view, "view_class", None) or getattr(view, "cls", None)
        takes = getattr(page, "takes_files", False) or is_in_admin(request)
        if takes and (request.user.is_authenticated or may_send_unknown(page, kwargs)):
            take_files(request)


def is_in_admin(request: HttpRequest) -> bool:
    """Whether it is the page of a question among those of the staff, which has a form for a table."""
    match = request.resolver_match
    is_question = match is not None and (match.url_name or "").startswith("clarifications_question_")
    return is_question and request.user.is_authenticated and request.user.is_staff


def may_send_unknown(page: Any, kwargs: dict[str, Any]) -> bool:
    """Whether the page knows another way of telling who sends: `knows_sender`."""
    knows = getattr(page, "knows_sender", None)
    return bool(knows and knows(**kwargs))


def take_files(request: HttpRequest) -> None:
    """Have the files of the request, unless its body was read already."""
    if not hasattr(request, "_files"):
        request.upload_handlers = [Unnamed(request)]


@contextmanager
def on_disk(file: "UploadedFile[Any]") -> Iterator[IO[bytes]]:
    """The file as the system's own open file, from its beginning."""
    if isinstance(file.file, io.BufferedRandom):
        file.seek(0)
        yield file.file
        return
    with tempfile.TemporaryFile() as kept:
        for chunk in file.chunks():
            kept.write(chunk)
        kept.flush()
        yield kept


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
