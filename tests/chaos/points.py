"""Fault points that are armed while the processes run: by a file, which the first process to reach the point takes."""

from pathlib import Path


class ArmedPoints:
    """Stands for the setting FAULT_POINTS in the processes of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, point: str) -> str | None:
        """Return "kill:1" to one process for each time that the point was armed, else None."""
        try:
            (self.folder / point).unlink()
        except OSError:
            return None
        return "kill:1"

    def arm(self, point: str) -> None:
        """Have the next process that reaches the point kill itself there."""
        (self.folder / point).touch()

    def disarm(self, point: str) -> bool:
        """Return True if the point was still armed; it is not any more."""
        return self.get(point) is not None
