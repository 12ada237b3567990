"""Loops on threads of their own, beside the main work of a process."""

import logging
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from django.db import connections

logger = logging.getLogger(__name__)


class Background:
    """Runs loops on threads while the block runs.

    If one of them fails, `failed` is set, so that the process can end and be started again as a whole: a loop that is
    missing would go unnoticed.
    """

    def __init__(self, loops: Mapping[str, Callable[[threading.Event], object]]) -> None:
        self.stopping, self.failed = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._run, args=item, name=item[0]) for item in loops.items()]

    def __enter__(self) -> Self:
        """Start the loops."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ask the loops to stop and wait for them. Raises SystemExit if one has failed."""
        self.stopping.set()
        for thread in self._threads:
            thread.join()
        if self.failed.is_set():
            raise SystemExit(1)

    def _run(self, name: str, loop: Callable[[threading.Event], object]) -> None:
        try:
            loop(self.stopping)
        except Exception:
            logger.exception("%s failed: the process ends and has to be started again", name)
            self.failed.set()
        finally:
            connections.close_all()
