"""A circuit breaker for each provider: one that fails again and again is left alone (Nygard, "Release It!").

Each child process of a worker counts for itself, as long as it lives.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from environment.model_access import ModelProvider

# So many failures one after another open the circuit.
MOST_FAILURES = 3
# For so long nothing is asked; then one call tries whether the provider works again.
REST_SECONDS = 60.0


@dataclass
class Breaker:
    """The failures of one provider since its last success, and until when it is left alone."""

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    asked_again_at: float = 0.0

    def is_open(self) -> bool:
        """Return True if the provider is not to be asked now."""
        return self.failures >= MOST_FAILURES and self.clock() < self.asked_again_at

    def note_failure(self) -> None:
        """Count a failure. The one that is too many, and each that follows it, begins the rest anew."""
        self.failures += 1
        self.asked_again_at = self.clock() + REST_SECONDS

    def note_success(self) -> None:
        """Forget the failures."""
        self.failures = 0


@cache
def breaker_of(provider: ModelProvider) -> Breaker:
    """Return the one breaker of this provider, model and address in this process."""
    return Breaker()
