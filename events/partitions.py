"""Spreads the log over several streams, so that several nodes of a cluster carry it: PARTITIONS says how many.

With one partition (the default) the log is the stream STREAM_NAME. With n, Interlock writes to STREAM_NAME:{0} to
STREAM_NAME:{n-1}, each in a slot of its own; a project keeps to one of them, so the events of a project have one order.
STREAM_NAME stays the public door: what other programs write there is read as before, and each dispatch appears there
once more, so that a worker of the older kind, which reads that one stream, needs to know nothing of partitions.
"""

from collections.abc import Sequence
from uuid import UUID
from zlib import crc32

from django.conf import settings


def partition(number: int) -> str:
    """Return the name of this partition; the number in braces alone decides its slot in a cluster."""
    return f"{settings.STREAM_NAME}:{{{number}}}"


def partition_of(project_id: UUID | None, count: int) -> int:
    """Return the number of the project's partition: CRC-32 of the id's 16 bytes, modulo their count."""
    return crc32(project_id.bytes) % count if project_id else 0


def log_of(project_id: UUID | None) -> str:
    """Return the name of the stream that carries the project's events."""
    if settings.PARTITIONS == 1:
        return str(settings.STREAM_NAME)
    return partition(partition_of(project_id, settings.PARTITIONS))


def has_door() -> bool:
    """Return True if STREAM_NAME is the public door only, and the partitions are the log."""
    return bool(settings.PARTITIONS > 1)


def log_streams() -> list[str]:
    """Return the names of all streams of the log: STREAM_NAME, and the partitions where there are several."""
    parts = [partition(number) for number in range(settings.PARTITIONS)] if has_door() else []
    return [settings.STREAM_NAME, *parts]


def is_log(stream: str) -> bool:
    """Return True for STREAM_NAME and for any partition, those of an earlier and larger PARTITIONS included."""
    return stream == settings.STREAM_NAME or stream.startswith(f"{settings.STREAM_NAME}:{{")


def label(stream: str) -> str:
    """Return what tells entries of this stream from those of others in the ledger: empty for STREAM_NAME."""
    return stream.removeprefix(settings.STREAM_NAME).strip(":{}") if is_log(stream) else ""


def share_of(streams: Sequence[str], *, slot: int, members: int) -> list[str]:
    """Return the streams that one of so many processes reads: the door, and each partition whose turn it is."""
    return [name for n, name in enumerate(streams) if n == 0 or (n - slot) % members == 0]
