"""The file of a backup: a tar archive of its parts, with the manifest as the last one, and a digest of all behind it.

Any tar program can list and unpack it: what stands behind the end of an archive is ignored. The digest is of every byte
before it, so that a changed byte is found wherever it is, in headers and padding too. Nothing is parsed before it fits.
"""

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from backups.errors import BackupError, DamagedBackup, UnfitBackup
from backups.manifest import FORMAT, Manifest, Part

MANIFEST, DATABASE, SETTINGS = "manifest.json", "database", "settings.json"
# The only names that parts have. Parts are written to places that are chosen here, never to a path of the archive's.
ARTIFACTS, ARCHIVED = "artifacts/", "archive/"
STORED = re.compile(r"artifacts/[0-9a-f]{64}|archive/[0-9]{4}-[0-9]{2}/[0-9]{8,19}-[0-9]{8}T[0-9]{6}\.ndjson\.gz")
TRAILER = b"interlock-backup sha256 %s\n"
TRAILER_BYTES = len(TRAILER % hashlib.sha256().hexdigest().encode())
CHUNK_BYTES = 1 << 20

# Called with what is done, and how many bytes of how many are done.
Report = Callable[[str, int, int], None]


def no_report(what: str, done: int, total: int) -> None:
    """Say nothing."""


def is_part(name: str) -> bool:
    """Return True if a part may have this name."""
    return name in (MANIFEST, DATABASE, SETTINGS) or STORED.fullmatch(name) is not None


class Digesting(io.RawIOBase):
    """A file that passes on what is read or written, and keeps the SHA-256 and the number of those bytes."""

    def __init__(self, file: IO[bytes], passed: Callable[[int], object] = lambda _: None) -> None:
        """`passed` is called with the number of bytes of each step."""
        self.file, self.digest, self.bytes, self.passed = file, hashlib.sha256(), 0, passed

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes of the file."""
        return self.note(self.file.read(size))

    def write(self, data: bytes) -> int:  # type: ignore[override]  # whole bytes are all that tarfile writes
        """Write the bytes to the file."""
        return self.file.write(self.note(data))

    def note(self, data: bytes) -> bytes:
        """Count the bytes and return them."""
        self.digest.update(data)
        self.bytes += len(data)
        self.passed(len(data))
        return data

    def part(self) -> Part:
        """Return the size and the digest of what has passed."""
        return Part(bytes=self.bytes, sha256=self.digest.hexdigest())


# -- writing ---------------------------------------------------------------------------------------
class Writer:
    """Writes a backup to an open file, part by part; `finish` makes it complete."""

    def __init__(self, file: IO[bytes], passed: Callable[[int], object]) -> None:
        """`passed` is called with the number of bytes of each step."""
        self.file, self.all = file, Digesting(file, passed)
        self.tar = tarfile.open(mode="w|", fileobj=self.all, format=tarfile.PAX_FORMAT)  # noqa: SIM115 - by `finish`
        self.parts: dict[str, Part] = {}

    def add_file(self, name: str, path: Path) -> None:
        """Add the file's content as a part of this name."""
        with path.open("rb") as file:
            self.add(name, file, os.fstat(file.fileno()).st_size)

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add the bytes as a part of this name."""
        self.add(name, io.BytesIO(data), len(data))

    def add(self, name: str, file: IO[bytes], size: int) -> None:
        """Add so many bytes of the file as a part of this name."""
        info, content = tarfile.TarInfo(name), Digesting(file)
        info.size, info.mode = size, 0o600
        self.tar.addfile(info, content)
        self.parts[name] = content.part()

    def finish(self, manifest: Manifest) -> Manifest:
        """Add the manifest with the digests of all parts, then the digest of the whole; return that manifest."""
        complete = manifest.model_copy(update={"parts": dict(self.parts)})
        self.add_bytes(MANIFEST, complete.model_dump_json(indent=1).encode())
        self.tar.close()
        self.file.write(TRAILER % self.all.digest.hexdigest().encode())
        self.file.flush()
        os.fsync(self.file.fileno())
        return complete


# -- reading ---------------------------------------------------------------------------------------
@contextmanager
def opened_archive(path: Path, report: Report = no_report) -> Iterator["Reader"]:
    """Yield a reader of the backup, of which every byte was read once and is what was written.

    Raises DamagedBackup, or UnfitBackup for a format that a newer version has written.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}. Nothing was changed.") from error
    with file:
        require_whole(file, path, report)
        file.seek(0)
        try:
            reader = Reader(path, tarfile.TarFile(fileobj=file))
        except tarfile.TarError as error:
            raise DamagedBackup(f"{path} is no backup of Interlock ({error}). Nothing was changed.") from error
        yield reader


def require_whole(file: IO[bytes], path: Path, report: Report) -> None:
    """Raise DamagedBackup unless the file ends with the digest of all bytes before its end."""
    left = total = os.fstat(file.fileno()).st_size - TRAILER_BYTES
    digest = hashlib.sha256()
    while left > 0 and (data := file.read(min(CHUNK_BYTES, left))):
        digest.update(data)
        left -= len(data)
        report("Reading", total - left, total)
    if total <= 0 or file.read() != TRAILER % digest.hexdigest().encode():
        raise DamagedBackup(
            f"{path} is damaged, incomplete, or no backup of Interlock: its bytes do not have the digest at its end."
            " Nothing was changed. Take another copy of the file, or an older backup."
        )


class Reader:
    """Reads a backup whose bytes are known to be whole."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self.path, self.tar = path, tar
        self.members = {member.name: member for member in tar}
        self.require_known_members()
        self.manifest = self.read_manifest()

    def require_known_members(self) -> None:
        """Raise DamagedBackup for a part with a name that no part has, one that comes twice, or one that is no file."""
        for member in self.tar.getmembers():
            if not is_part(member.name) or not member.isreg() or self.members[member.name] is not member:
                raise DamagedBackup(f"{self.path} holds {member.name!r}, which no backup holds. Nothing was changed.")

    def read_manifest(self) -> Manifest:
        """Return the manifest, which names exactly the other parts. Raises DamagedBackup or UnfitBackup."""
        try:
            data = self.part(MANIFEST).read()
            if (written := int(re.search(rb'"format": *(\d+)', data)[1])) > FORMAT:  # type: ignore[index]
                words = f"{self.path} has format {written}, which a newer Interlock has written: use that version."
                raise UnfitBackup(words)
            manifest = Manifest.model_validate_json(data)
        except (KeyError, TypeError, ValidationError) as error:
            raise DamagedBackup(f"The manifest of {self.path} cannot be read. Nothing was changed.") from error
        if {*manifest.parts, MANIFEST} != self.members.keys() or DATABASE not in manifest.parts:
            raise DamagedBackup(f"{self.path} does not hold the parts that its manifest names. Nothing was changed.")
        return manifest

    def part(self, name: str) -> IO[bytes]:
        """Return the part, open for reading. Raises KeyError."""
        file = self.tar.extractfile(self.members[name])
        assert file is not None  # only regular files are left by now
        return file

    def unpack(self, name: str, target: Path, passed: Callable[[int], object]) -> None:
        """Write the part to the target, a new file, and make its folder.

        Raises DamagedBackup if its digest is not that of the manifest.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.part(name) as source, target.open("xb") as file:
            content = Digesting(source, passed)
            while data := content.read(CHUNK_BYTES):
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if content.part() != self.manifest.parts[name]:
            raise DamagedBackup(f"The part {name} of {self.path} is not what its manifest says. Nothing was changed.")
