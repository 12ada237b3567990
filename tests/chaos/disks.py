"""Small disks, which can be filled up: file systems in memory, for which the run has to be root's."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path | None]:
    """Yield the folder of an empty disk of this size; None where no disk can be mounted."""
    with tempfile.TemporaryDirectory(prefix="interlock-disk-", dir="/tmp") as name:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", name]
        try:
            is_mounted = subprocess.run(command, capture_output=True).returncode == 0
        except OSError:
            is_mounted = False
        try:
            yield Path(name) if is_mounted else None
        finally:
            if is_mounted:
                subprocess.run(["umount", "--lazy", name], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no byte free on the disk while the block runs."""
    ballast = disk / "ballast"
    try:
        # Unbuffered: what could not be written would be tried again, and fail again, when the file is closed.
        with ballast.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        file.write(b"\0" * size)
        yield
    finally:
        with suppress(FileNotFoundError):
            os.unlink(ballast)
