"""The file of a backup: whole or refused, whichever byte differs, and nothing is written outside of its place."""

import io
import random
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backups.archive import TRAILER, TRAILER_BYTES, Digesting, Writer, opened_archive
from backups.errors import BackupError, DamagedBackup, UnfitBackup
from backups.manifest import FORMAT, Manifest

ARTIFACT, ARCHIVE = "ab" * 32, "archive/2026-11/00000001-20261127T000000.ndjson.gz"
MANIFEST = Manifest(
    made_at=datetime(2026, 11, 27, tzinfo=UTC),
    version="0.2.0",
    database="sqlite",
    migrations={},
    counts={},
    newest_event=0,
)
# Places in which a byte is changed, beside each one at the beginning and the end of a part.
RANDOM_PLACES = 400


def written(path: Path, *, manifest: Manifest = MANIFEST) -> Path:
    """A small backup."""
    with path.open("xb") as file:
        writer = Writer(file, lambda _: None)
        writer.add_bytes("settings.json", b'{"variables": {}, "left_out": []}')
        writer.add_bytes("database", bytes(range(256)) * 20)
        writer.add_bytes(f"artifacts/{ARTIFACT}", b"rows" * 300)
        writer.add_bytes(ARCHIVE, b"events")
        writer.finish(manifest)
    return path


def with_digest(path: Path, build: Callable[[tarfile.TarFile], None]) -> Path:
    """An archive that somebody made with these members, and the digest that fits it."""
    with path.open("xb") as file:
        content = Digesting(file)
        with tarfile.open(mode="w|", fileobj=content) as tar:
            build(tar)
        file.write(TRAILER % content.digest.hexdigest().encode())
    return path


def member(tar: tarfile.TarFile, name: str, data: bytes = b"x", **fields: object) -> None:
    """Add a member as somebody forges it."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    with opened_archive(written(tmp_path / "b")) as archive:
        assert archive.manifest.stored == [f"artifacts/{ARTIFACT}", ARCHIVE]
        assert archive.manifest.version == "0.2.0"
        archive.unpack("database", tmp_path / "database", lambda _: None)
    assert (tmp_path / "database").read_bytes() == bytes(range(256)) * 20


def test_any_tar_program_can_list_it(tmp_path: Path) -> None:
    with tarfile.open(written(tmp_path / "b")) as tar:
        assert tar.getnames() == ["settings.json", "database", f"artifacts/{ARTIFACT}", ARCHIVE, "manifest.json"]


def test_a_changed_byte_is_found_in_every_region(tmp_path: Path) -> None:
    path = written(tmp_path / "b")
    whole = path.read_bytes()
    edges = [place for block in range(0, len(whole), 512) for place in (block, block + 511)]
    places = {*edges, *range(len(whole) - TRAILER_BYTES, len(whole)), *random.sample(range(len(whole)), RANDOM_PLACES)}
    for place in sorted(place for place in places if place < len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(DamagedBackup, match="is damaged"), opened_archive(path):
            pass


@pytest.mark.parametrize("length", [0, 1, 97, 512, 5000, -1, -TRAILER_BYTES, -TRAILER_BYTES - 1])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, length: int) -> None:
    path = written(tmp_path / "b")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedBackup), opened_archive(path):
        pass


def test_bytes_behind_the_end_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "b")
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(DamagedBackup), opened_archive(path):
        pass


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("../outside", {}),
        ("/etc/cron.d/outside", {}),
        ("artifacts/../../outside", {}),
        (f"artifacts/{ARTIFACT}/x", {}),
        ("archive/2026-11/../../x.ndjson.gz", {}),
        (f"{ARCHIVE}/x", {}),
        (f"artifacts/{ARTIFACT.upper()}", {}),
        ("database", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        ("database", {"type": tarfile.LNKTYPE, "linkname": "settings.json"}),
        ("database", {"type": tarfile.CHRTYPE}),
        ("database", {"type": tarfile.DIRTYPE}),
        ("manifest.json", {}),
    ],
)
def test_a_part_that_no_backup_has_is_refused(tmp_path: Path, name: str, fields: dict[str, object]) -> None:
    def build(tar: tarfile.TarFile) -> None:
        member(tar, "manifest.json", MANIFEST.model_dump_json().encode())
        member(tar, name, b"" if fields else b"x", **fields)

    with (
        pytest.raises(DamagedBackup, match="which no backup holds"),
        opened_archive(with_digest(tmp_path / "b", build)),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_parts_that_the_manifest_does_not_name_are_refused(tmp_path: Path) -> None:
    def build(tar: tarfile.TarFile) -> None:
        member(tar, "database")
        member(tar, "manifest.json", MANIFEST.model_dump_json().encode())

    with pytest.raises(DamagedBackup, match="its manifest names"), opened_archive(with_digest(tmp_path / "b", build)):
        pass


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"format": "x"}', b'{"format": 1}', b"\xff" * 9])
def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path, text: bytes) -> None:
    path = with_digest(tmp_path / "b", lambda tar: member(tar, "manifest.json", text))
    with pytest.raises(DamagedBackup), opened_archive(path):
        pass


def test_a_newer_format_is_named(tmp_path: Path) -> None:
    text = b'{"format": %d, "what": "is not known yet"}' % (FORMAT + 1)
    path = with_digest(tmp_path / "b", lambda tar: member(tar, "manifest.json", text))
    with pytest.raises(UnfitBackup, match=f"has format {FORMAT + 1}, which a newer Interlock"), opened_archive(path):
        pass


def test_a_part_with_another_digest_than_its_manifest_names_is_refused(tmp_path: Path) -> None:
    with opened_archive(written(tmp_path / "b")) as archive:
        part = archive.manifest.parts["database"].model_copy(update={"sha256": "0" * 64})
        archive.manifest.parts["database"] = part
        with pytest.raises(DamagedBackup, match="is not what its manifest says"):
            archive.unpack("database", tmp_path / "database", lambda _: None)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nowhere cannot be read: No such file"), opened_archive(tmp_path / "nowhere"):
        pass
