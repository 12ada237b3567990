"""How many generated examples a property is tried with: a quarter in `make test`, all of them in `make rehearse`.

Each run generates others, so that many short runs look as far as a long one.
"""

import os

# EXAMPLES_SHARE=1 asks for the full profile.
SHARE = float(os.environ.get("EXAMPLES_SHARE", "0.25"))


def examples(number: int) -> int:
    """Return how many of this number of examples are tried in this run."""
    return max(1, round(number * SHARE))
