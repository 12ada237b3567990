"""Ways out: each module that connects is in the table of docs/deploy.md, and `deploy/` opens its ways and no other.

What the chart makes of its values, `scripts/chart_check.py` holds.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment import DEPLOY, OURS, ROOT, agents_run_by, chart_values, compose, settings_of, unit_services
from tests.house import sources
from workers.agents import AGENTS

PAGE = (ROOT / "docs" / "deploy.md").read_text()
EVERYONE = "everyone"
# What a module imports, or calls, that opens a connection; `webhooks.network` is the product's own.
CONNECTING = re.compile(
    r"^(?:requests|urllib3(?!\.(?:util|exceptions))|http\.client|httpx2?|smtplib|imaplib|ftplib|poplib|aiohttp|websockets?|grpc"
    r"|urllib\.request|django\.core\.mail|opentelemetry\.exporter|webhooks\.network|asyncio\.open_connection)\b"
    r"|^socket\.(?:create_connection|socket)$"
)
OPENERS = ("socket", "asyncio")
# Modules that import one of these and reach nothing beyond this machine, database and broker.
NO_WAY = {
    "console/doctor/machine.py": "looks whether something listens at a port of this machine",
    "console/doctor/services.py": "a command of a person, which tries the ways of the others",
    "console/doctor/ways.py": "the same",
    "devices/telling.py": "catches the errors of `devices/push.py`",
    "mcp_server/over_http.py": "calls the REST interface inside its own process",
    "mcp_server/over_stdio.py": "runs at an agent's, and calls the address that it was given",
    "mcp_server/rest.py": "is given the client by one of the two",
    "runtime/addresses.py": "looks whether something answers at the web's own port",
    "runtime/draining.py": "takes connections",
    "runtime/embedded.py": "asks the embedded broker, on this machine",
    "signin/adapters.py": "is given the client by `signin/discovery.py`",
    "signin/views.py": "catches the errors of `signin/discovery.py`",
    "webhooks/network.py": "makes the connections of those who call it",
    "workers/nursery.py": "speaks with its parent over a pair of sockets",
    "workers/pool.py": "speaks with its children over a pair of sockets",
}


def table() -> dict[str, list[str]]:
    """The other cells of each line of the table of ways, by the name of the way."""
    section = PAGE.split("\n### Ways out\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:2] == "| "]
    return {row[0]: row[1:] for row in rows[1:] if len(row) == 6}


def ways_of_processes() -> dict[str, set[str]]:
    """The ways of each process that has one, and those of everyone."""
    ways: dict[str, set[str]] = {}
    for way, (processes, *_) in table().items():
        for process in processes.split(", "):
            ways.setdefault(process, set()).add(way)
    return ways


WAYS = ways_of_processes()


# -- the code --------------------------------------------------------------------------------------
def names_used(tree: ast.AST) -> Iterator[str]:
    """What the module imports, and what it uses of the modules of which only some parts open a connection."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name != "socket")
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in OPENERS:
            yield f"{node.value.id}.{node.attr}"


def connects(path: Path) -> bool:
    return any(CONNECTING.match(name) for name in names_used(ast.parse(path.read_text())))


def test_every_module_that_connects_is_in_the_table() -> None:
    found = {str(path.relative_to(ROOT)) for path in sources() if connects(path)}
    named = {name for cells in table().values() for name in re.findall(r"`([a-z_/]+\.py)`", cells[-1])}
    assert found - NO_WAY.keys() == named
    assert NO_WAY.keys() - found == set()


@pytest.mark.parametrize("line", ["import urllib3", "from webhooks.network import post_request", "socket.socket()"])
def test_a_module_that_connects_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(f"import socket\n{line}\n")
    assert connects(tmp_path / "module.py")


def test_who_has_a_way_to_models_runs_the_agents_that_ask_them_and_no_others() -> None:
    asking = {name for name, spec in AGENTS.items() if spec.uses_models}
    assert set(chart_values()["workers"]["models"]["agents"]) == asking


# -- the files -------------------------------------------------------------------------------------
def test_the_compose_file_gives_a_way_out_to_those_of_the_table() -> None:
    content = compose("compose.prod.yaml")
    services = {name: about for name, about in content["services"].items() if re.match(OURS, about["image"])}
    open_ones = {name for name, about in content["networks"].items() if not (about or {}).get("internal")}
    assert {name for name, about in services.items() if open_ones & set(about["networks"])} == WAYS.keys() - {EVERYONE}
    assert agents_run_by(services["models"]["command"]) == chart_values()["workers"]["models"]["agents"]
    # The proxy meets the web where its address is believed, and nowhere else.
    proxy, web = (content["services"][name]["networks"] for name in ("proxy", "web"))
    assert set(proxy) & set(web) == {"pages"}


def test_the_chart_gives_each_process_the_ways_of_the_table() -> None:
    values = chart_values()
    all_of_them = {**values["roles"], **values["workers"]}
    reaches = {name: set(about["reaches"]) for name, about in all_of_them.items() if about.get("reaches")}
    everyone = {name for name, about in values["networkPolicy"]["ways"].items() if about.get("everyone")}
    assert {**reaches, EVERYONE: everyone} == WAYS
    assert values["networkPolicy"]["ways"].keys() == table().keys()


def test_the_keys_of_models_are_seen_by_those_who_ask_models_alone() -> None:
    services = compose("compose.prod.yaml")["services"]
    assert [name for name, about in services.items() if "models" in about.get("secrets", [])] == ["models"]
    units = [path for path in (DEPLOY / "systemd").rglob("*.*") if path.is_file()]
    assert [path.parent.name for path in units if "secrets/models" in path.read_text()] == [
        "interlock-models.service.d"
    ]


def test_the_units_reach_this_machine_alone_but_for_those_of_the_table() -> None:
    common = dict(settings_of(DEPLOY / "systemd" / "interlock-.service.d" / "common.conf"))
    assert (common["IPAddressDeny"], common["IPAddressAllow"]) == ("any", "localhost")
    units = {one.name: DEPLOY / "systemd" / one.file for one in unit_services()}
    opened = {name for name, path in units.items() if ("IPAddressAllow", "any") in settings_of(path)}
    assert opened == {f"interlock-{process}" for process in WAYS.keys() - {EVERYONE}}
