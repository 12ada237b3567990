"""Each command that a file of `deploy/` starts becomes healthy by its own check, and ends well; it prints a table.

There is no container engine here: the words, the variables, the secrets and the health checks are those of the files,
the servers are real, and as root each command has the account and the read-only root of a container.
"""

import http.client
import os
import re
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from events import streams
from scripts.chart_check import rendered_chart
from tests.deployment import (
    COMPOSE_FILES,
    Service,
    chart_services,
    compose_services,
    rendered_compose,
    unit_services,
)
from tests.rehearsals.beside import caddy, postgres, valkey
from tests.rehearsals.stage import ACCOUNT, Outcome, Stage, running
from tests.waiting import wait_until
from workers.agents import AGENTS

AT_ONCE = 3
# An address of this machine that nobody else uses.
VISITOR = "127.0.0.77"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The servers of both compose files, and the database migrated by the command of the file."""
    services = {(one.file, one.name): one for one in services_of_compose()}
    with ExitStack() as stack:
        made = Stage(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="interlock-stage-", dir="/var/tmp"))))
        stack.enter_context(postgres(made, services["compose.prod.yaml", "postgres"]))
        stack.enter_context(valkey(made, services["compose.prod.yaml", "valkey"], made.ports["valkey:6379"]))
        stack.enter_context(valkey(made, services["compose.yaml", "valkey"], made.ports["open valkey"]))
        migrated = made.rehearse(services["compose.prod.yaml", "migrate"])
        if migrated.fault:
            pytest.fail(f"migrate: {migrated.fault}", pytrace=False)
        yield made


def services_of_compose() -> list[Service]:
    """Return the services of both compose files, as `docker compose` reads them."""
    return [one for file in COMPOSE_FILES for one in compose_services(file, rendered_compose)]


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a line for each command: file, name, seconds until it was healthy, exit code, and the command."""
    lines = [f"{'file':<36}{'service':<24}{'healthy after':>14}{'exit':>6}  command"]
    for one in outcomes:
        service, words = one.service, " ".join(one.service.argv)
        lines.append(f"{service.file:<36}{service.name:<24}{one.seconds:>12.1f} s{one.code!s:>6}  {words}")
    return "\n".join(lines)


def rehearse_all(stage: Stage, services: Sequence[Service]) -> None:
    """Rehearse the services a few at a time, print the table, and fail with what went wrong."""
    # One by one where they would listen at the same port.
    alone = [service for service in services if service.argv[1] in ("web", "up")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(stage.rehearse, [one for one in services if one not in alone]))
    outcomes += [stage.rehearse(one) for one in alone]
    limits = f"account {ACCOUNT} without rights, root read-only" if os.geteuid() == 0 else "no limits, for want of root"
    print(f"\n{table(outcomes)}\n{limits}")
    if faults := [f"{one.service.file} {one.service.name}: {one.fault}" for one in outcomes if one.fault]:
        pytest.fail("\n\n".join(faults), pytrace=False)


def test_each_service_of_the_compose_files_is_healthy_within_20_seconds(stage: Stage) -> None:
    services = [one for one in services_of_compose() if one.is_interlock]
    assert len(services) > 12
    rehearse_all(stage, services)


def test_each_unit_of_systemd_is_healthy_within_20_seconds(stage: Stage) -> None:
    rehearse_all(stage, [*unit_services()])


def test_each_pod_of_the_chart_is_healthy_within_20_seconds(stage: Stage) -> None:
    rehearse_all(stage, [*chart_services(rendered_chart())])


def test_workers_are_scaled_by_the_streams_that_they_read() -> None:
    scaled = [one for one in rendered_chart({"keda": {"enabled": True}}) if one["kind"] == "ScaledObject"]
    asked = [trigger["metadata"] for one in scaled for trigger in one["spec"]["triggers"]]
    read = {(streams.work_stream(name), streams.worker_group(name)) for name in AGENTS}
    assert {(one["stream"], one["consumerGroup"]) for one in asked} == read


def test_the_web_behind_the_proxy_knows_who_visits_it_and_that_it_is_by_tls(stage: Stage) -> None:
    (web,) = [one for one in services_of_compose() if one.name == "web"]
    env = stage.environment(web, stage.folder / "data behind the proxy")
    with running(stage.words(web.argv), env, stage.folder / "web.log"), caddy(stage) as port:
        wait_until(lambda: visit(port)[0] == 200, 20)
        _, form, cookies = visit(port)
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[0]
        words = urlencode({"csrfmiddlewaretoken": token, "username": "nobody", "password": "wrong"})
        # A page that came by TLS must be sent from the same place, and this visitor does not say where he got it.
        assert visit(port, words, {"Cookie": cookies})[0] == 403
        assert visit(port, words, {"Cookie": cookies, "Referer": f"https://localhost:{port}/sign-in/"})[0] == 200
    with psycopg.connect(Path(env["DATABASE_URL_FILE"]).read_text().strip()) as connection:
        found = connection.execute("SELECT address FROM accounts_auditrecord ORDER BY id DESC LIMIT 1").fetchall()
    assert found == [(VISITOR,)]


def visit(port: int, form: str | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Return status, text and cookies of the page for signing in, asked for over TLS; 0 while nobody answers."""
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("localhost", port, timeout=5, context=context, source_address=(VISITOR, 0))
    forged = {"X-Forwarded-For": "192.0.2.1", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST" if form else "GET", "/sign-in/", form, {**forged, **(headers or {})})
        answer = connection.getresponse()
        assert answer.getheader("Strict-Transport-Security")
        cookies = "; ".join(one.split(";")[0] for one in answer.headers.get_all("Set-Cookie", []))
        return answer.status, answer.read().decode(), cookies
    except OSError:
        return 0, "", ""
    finally:
        connection.close()
