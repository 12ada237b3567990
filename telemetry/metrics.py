"""The figures that each process keeps of its own work, in Prometheus' form. What shows them is in `runtime/`.

Every label has few values, all of which are known to the code: types of events, states, agents, routes. Ids, names that
people choose and paths are no labels. What others could make up counts as OTHER.

Code that handles many events counts once for all of them: an update takes a microsecond and a lock.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics

from telemetry.requests import OTHER as OTHER

# In seconds: work of machines, from a quick answer to the longest of an agent; and waits for people, up to a month.
MACHINE_SECONDS = (0.005, 0.02, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0, 300.0)
PEOPLE_SECONDS = (1.0, 10.0, 60.0, 600.0, 3600.0, 4 * 3600.0, 86_400.0, 3 * 86_400.0, 7 * 86_400.0, 30 * 86_400.0)

disable_created_metrics()  # type: ignore[no-untyped-call]
registry = CollectorRegistry()
ProcessCollector(registry=registry)


def counter(name: str, words: str, *labels: str) -> Counter:
    """Return a new counter with these labels; Prometheus adds `_total` to its name."""
    return Counter(f"interlock_{name}", words, labels, registry=registry)


def histogram(name: str, words: str, *labels: str, buckets: tuple[float, ...] = MACHINE_SECONDS) -> Histogram:
    """Return a new histogram with these labels."""
    return Histogram(f"interlock_{name}", words, labels, registry=registry, buckets=buckets)


# -- the spine -------------------------------------------------------------------------------------
EVENTS = counter(
    "events",
    "Events that a group has handled, by outcome: applied, stale, ignored, repeated, accepted (by the validators),"
    " retried (failed, and is tried again) or buried (a dead letter).",
    *("group", "type", "outcome"),
)
EMITTED = counter("events_emitted", "Events that transactions of this process have emitted.", "type")
PUBLISHED_LATE = counter(
    "events_published_late",
    "Events that the relay has published: left_behind by the process that committed them, or lost by the broker.",
    "why",
)
LEFT_TO_RELAY = counter("commits_left_to_relay", "Commits whose events this process could not publish itself.")
TRANSITIONS = counter("transitions", "Changes of state of projects, items and questions.", "object", "state")
CLOCK_FAILURES = counter(
    "clock_failures", "What was due by the clock and failed: a tick of a group, a round for a project, a chore.", "what"
)
OUTAGES = counter("outage_waits", "Waits of a group because the broker or the database was away.", "group")
BATCH_ENTRIES = histogram(
    "batch_entries", "Stream entries handled together.", "group", buckets=(1, 2, 5, 10, 25, 50, 100, 200, 500)
)
BATCH_SECONDS = histogram("batch_seconds", "Time from reading a batch to settling it.", "group")

# -- the domain ------------------------------------------------------------------------------------
PROJECT_SECONDS = histogram(
    "project_seconds", "Lead time of projects that are done, from the request to the report.", buckets=PEOPLE_SECONDS
)
QUESTION_SECONDS = histogram(
    "question_seconds",
    "How long questions waited until they were closed, by how.",
    *("kind", "status"),
    buckets=PEOPLE_SECONDS,
)
WORK_ATTEMPTS = counter(
    "work_attempts",
    "Items that agents have done: completed, asked (a person), failed by category, or given_up (no longer wanted).",
    *("agent", "outcome"),
)
WORK_SECONDS = histogram("work_seconds", "Time of an agent for an item; without agents declared quick.", "agent")

# -- what leaves the system ------------------------------------------------------------------------
WEBHOOK_ATTEMPTS = counter(
    "webhook_attempts", "Deliveries to webhooks: delivered, refused, gone (410) or unreachable.", "outcome"
)
WEBHOOK_SECONDS = histogram("webhook_seconds", "Time of a delivery to a webhook.")
MAILS = counter("mails", "Mails about questions: sent, put_off, failed (given up) or dropped (not needed).", "outcome")
REQUESTS = counter(
    "http_requests", "Requests answered, by route template: the admin's are one.", *("method", "route", "status")
)
REQUEST_SECONDS = histogram(
    "http_request_seconds", "Time from a request to the end of its answer.", "route", buckets=MACHINE_SECONDS[:-1]
)
CSP_REPORTS = counter(
    "csp_reports",
    "Reports of browsers about what the Content-Security-Policy kept from a page; too_many were not looked at.",
    "directive",
)
