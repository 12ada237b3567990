"""Store uploaded spreadsheets between preview and request: in a private folder, for one person, for a day.

Also decides which requests may upload files at all: by default the files of a form are not stored.
"""

import io
import os
import re
import secrets
import tempfile
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
from intake.admission import require_allowed_size
from intake.upload_folder import KEPT_SECONDS, STORED_NAME, expired_uploads, files_with_age, upload_folder

# A person who previews more files than this without sending them loses the oldest.
MOST_KEPT = 5
LONGEST_NAME = 120
SALT = "intake.uploads"
# The ends of the names of what was read from a stored file, and is kept beside it.
READING_END, ROWS_END = ".reading", ".rows"


class UploadGone(Exception):
    """The upload is no longer stored, or belongs to another person."""


@dataclass(frozen=True)
class Upload:
    """A stored file: its path, its owner's name for it, and the signed token by which its owner finds it again."""

    path: Path
    name: str
    token: str


class NoFiles(FileUploadHandler):
    """The default upload handler: stores no file, and adds the file's name to the request's FILES_LEFT_OUT list."""

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        if self.request is not None:
            self.request.META.setdefault(FILES_LEFT_OUT, []).append(display_name(file_name))
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None


class Unnamed(FileUploadHandler):
    """An upload handler that stores files on disk without a name, so that no file remains if this process crashes.

    A file larger than a spreadsheet may be is stored as an empty file; its `size` is still the number of bytes sent.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  (the request closes it)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= settings.SPREADSHEET_LIMITS.most_bytes:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        if file_size > settings.SPREADSHEET_LIMITS.most_bytes:
            self.file.truncate(0)
        self.file.seek(0)
        kind, extra = self.content_type, self.content_type_extra
        return UploadedFile(self.file, self.file_name, kind, file_size, self.charset, extra)


class FilesOfKnownPeople:
    """Middleware: store uploaded files only for pages that take files, and only from a known sender.

    A page takes files if its class sets `takes_files`. The middleware must run before the CSRF protection, which
    reads the form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        """Let the request's files be stored if the page takes files and the sender is known."""
        page = getattr(view, "view_class", None) or getattr(view, "cls", None)
        takes = getattr(page, "takes_files", False) or is_staff_question_page(request)
        if takes and (request.user.is_authenticated or knows_sender_itself(page, kwargs)):
            accept_files(request)


def is_staff_question_page(request: HttpRequest) -> bool:
    """Return True for a staff member's request to a question's admin page, which takes a table as an answer."""
    match = request.resolver_match
    is_question = match is not None and (match.url_name or "").startswith("clarifications_question_")
    return is_question and request.user.is_authenticated and request.user.is_staff


def knows_sender_itself(page: Any, kwargs: dict[str, Any]) -> bool:
    """Return True if the page itself, by `knows_sender`, identifies the sender without a session."""
    knows = getattr(page, "knows_sender", None)
    return bool(knows and knows(**kwargs))


def accept_files(request: HttpRequest) -> None:
    """Let the request's files be stored on disk; no effect if the body was read before."""
    if not hasattr(request, "_files"):
        request.upload_handlers = [Unnamed(request)]


@contextmanager
def as_file_on_disk(file: "UploadedFile[Any]") -> Iterator[IO[bytes]]:
    """Return the upload as an open file with a file descriptor, at its beginning; copy it to disk if needed.

    Raises TooLarge.
    """
    require_allowed_size(file.size or 0, display_name(file.name or ""))
    if isinstance(file.file, io.BufferedRandom):
        file.seek(0)
        yield file.file
        return
    with tempfile.TemporaryFile() as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        yield copy


def keep_upload(file: "UploadedFile[Any]", user: User) -> Upload:
    """Store the file for this person under a random name and return it; delete expired and surplus files first."""
    make_room(user)
    stored = f"{user.pk}-{secrets.token_hex(16)}"
    path = upload_folder() / stored
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    name = display_name(file.name or "")
    return Upload(path, name, signing.dumps([stored, name], salt=salt_of(user)))


def find_upload(token: str, user: User) -> Upload:
    """Return the upload that the token names. Raises Gone if it expired or the token is not this person's."""
    try:
        stored, name = signing.loads(token, salt=salt_of(user), max_age=KEPT_SECONDS)
    except signing.BadSignature as error:
        raise UploadGone from error
    path = upload_folder() / stored
    if not STORED_NAME.fullmatch(stored) or not path.is_file():
        raise UploadGone
    return Upload(path, name, token)


def discard_upload(upload: Upload) -> None:
    """Delete the stored file with what was read from it; no error if it was deleted before."""
    delete_stored(upload.path)


def delete_stored(path: Path) -> None:
    """Delete a stored file with what was read from it."""
    for each in (path, beside(path, READING_END), beside(path, ROWS_END)):
        each.unlink(missing_ok=True)


def beside(path: Path, end: str) -> Path:
    """Return the path of what is kept beside a stored file."""
    return path.with_name(path.name + end)


def salt_of(user: User) -> str:
    """Return the signing salt of this person: a token signed with it is invalid for any other person."""
    return f"{SALT}.{user.pk}"


def make_room(user: User) -> None:
    """Delete all expired files, and this person's oldest files, so that one more stays within MOST_KEPT."""
    own_files = []
    for path in expired_uploads():
        path.unlink(missing_ok=True)
    for path, age in files_with_age():
        if path.name.startswith(f"{user.pk}-") and STORED_NAME.fullmatch(path.name):
            own_files.append((age, path))
    for _age, path in sorted(own_files)[MOST_KEPT - 1 :]:
        delete_stored(path)


def display_name(name: str) -> str:
    """Return the file's name for display only: without folders and unprintable characters, at most LONGEST_NAME."""
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(sign for sign in last if sign.isprintable()).strip()
    return printable if len(printable) <= LONGEST_NAME else "…" + printable[-LONGEST_NAME + 1 :]
