"""The real system as processes, under a steady load, while a plan of faults goes on: `python -m tests.chaos`."""
