import sys

# Where these are installed, the client of the broker would import them for figures that nobody asked it for: a tenth of
# the start of each process. `events/broker.py`, which imports the client, takes this away again.
METRICS = "opentelemetry.sdk.metrics"
sys.modules.setdefault(METRICS, None)  # type: ignore[arg-type]
