#!/usr/bin/env python
"""Hold deploy/monitoring/dashboard.json to Grafana's own types, of the package grafana-foundation-sdk.

Grafana generates that package from the schemas of its dashboards, panels and queries. The dashboard is read into these
types and written again: a key that no type knows, and that Grafana would therefore ignore, is missing afterwards.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "deploy" / "monitoring" / "dashboard.json"


def faults(path: Path = FILE) -> Iterator[str]:
    """Yield what Grafana's types do not know of the dashboard. Raises ImportError without the package."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    document = json.loads(path.read_text())
    dashboard = Dashboard.from_json(document)
    yield from unknown_kinds(dashboard)
    yield from lost(document, json.loads(json.dumps(dashboard, cls=JSONEncoder)), "dashboard")


def unknown_kinds(dashboard: Any) -> Iterator[str]:
    """Yield the panels and queries of a kind that Grafana does not have: their keys would be kept unread."""
    from grafana_foundation_sdk.cog.runtime import UnknownDataquery, panelcfg_config
    from grafana_foundation_sdk.models.dashboard import RowPanel

    for panel in dashboard.panels:
        if isinstance(panel, RowPanel):
            continue
        if panelcfg_config(panel.type_val) is None:
            yield f"panel {panel.id_val} is a {panel.type_val}, which Grafana does not have"
        if any(isinstance(query, UnknownDataquery) for query in panel.targets):
            yield f"panel {panel.id_val} asks a kind of data source that Grafana does not have"


def lost(before: Any, after: Any, place: str) -> Iterator[str]:
    """Yield each key and value of `before` that `after` lacks; what `after` has beside them are Grafana's defaults."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from lost(value, after[key], f"{place}.{key}")
            else:
                yield f"{place}.{key} is nothing that Grafana knows"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from lost(one, other, f"{place}[{number}]")
    elif before != after:
        yield f"{place} is {before!r}, and Grafana reads {after!r}"


if __name__ == "__main__":
    found = list(faults())
    print("\n".join(found) or f"ok    {FILE.name}: Grafana's types know every key")
    sys.exit(1 if found else 0)
