"""Loops on threads of their own, beside the main work of a process."""

import logging
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from django.db import connections

logger = logging.getLogger(__name__)

# Pause before a loop that failed is started again; it doubles with each failure up to the longest.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0


class Background:
    """Runs loops on threads while the block runs. A loop that fails is started again, alone, after a pause."""

    def __init__(self, loops: Mapping[str, Callable[[threading.Event], object]]) -> None:
        self.stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=item, name=item[0]) for item in loops.items()]

    def __enter__(self) -> Self:
        """Start the loops."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ask the loops to stop and wait for them."""
        self.stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, name: str, loop: Callable[[threading.Event], object]) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self.stopping.is_set():
            try:
                loop(self.stopping)
            except Exception:
                logger.exception("%s failed; it starts again in %s s", name, pause)
                self.stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            finally:
                connections.close_all()
