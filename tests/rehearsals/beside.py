"""The servers of `deploy/compose.prod.yaml`, started by the words of its services: PostgreSQL, Valkey and Caddy."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from runtime.embedded import server_program
from tests.deployment import DEPLOY, PROGRAMS, Service
from tests.rehearsals.stage import Stage, running
from tests.servers import NOT_DURABLE, Account, create_cluster, usable_programs
from tests.waiting import wait_until

# Passwords count here, as in the container, and not only who asks.
HOST_RULES = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
# Ports and places that a test may have, for the block of global options at the head of the file.
PLACES = """
{{
	http_port {http}
	https_port {https}
	admin 127.0.0.1:{admin}
	storage file_system {storage}
	skip_install_trust
"""


@contextmanager
def postgres(stage: Stage, service: Service) -> Iterator[None]:
    """Run PostgreSQL with the service's options; account and database of its variables are made, as its image does."""
    account, home = Account.suitable(), stage.folder / "postgres"
    account.own(home)
    programs = usable_programs(account, home)
    os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    create_cluster(account, programs, home / "data", home / "log")
    (home / "data" / "pg_hba.conf").write_text(HOST_RULES)
    port = stage.ports["postgres:5432"]
    places = [*NOT_DURABLE, "-D", home / "data", "-k", home, "-c", "listen_addresses=127.0.0.1", "-c", f"port={port}"]
    with (home / "log").open("ab") as log:
        server = account.start(programs / "postgres", *service.argv[1:], *places, log=log)
    try:
        wait_until(lambda: is_healthy(stage, service, PGHOST=str(home), PGPORT=str(port)))
        name, password = service.env["POSTGRES_USER"], (stage.secrets / "database_password").read_text().strip()
        with psycopg.connect(host=str(home), port=port, user="postgres", autocommit=True) as connection:
            words = "CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}"
            connection.execute(sql.SQL(words).format(sql.Identifier(name), sql.Literal(password)))
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def valkey(stage: Stage, service: Service, port: int) -> Iterator[None]:
    """Run Valkey with the service's options."""
    folder = stage.folder / f"valkey {port}"
    folder.mkdir()
    options = [stage.mapped(word) for word in service.argv[1:]]
    places = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with running([server_program(), *options, *places], {}, folder / "log"):
        wait_until(lambda: is_healthy(stage, service, VALKEY_PORT=str(port)))
        yield


@contextmanager
def caddy(stage: Stage) -> Iterator[int]:
    """Run Caddy with the file of `deploy/` before the web of the stage, and yield the port of its TLS."""
    file, folder = stage.folder / "Caddyfile", stage.folder / "caddy"
    ports = {"http": stage.ports["80"], "https": stage.ports["443"], "admin": stage.ports["2019"]}
    options, sites = (DEPLOY / "Caddyfile").read_text().split("\n{\n", 1)
    file.write_text(options + PLACES.format(**ports, storage=folder) + sites)
    env = {"INTERLOCK_HOST": "localhost", "INTERLOCK_UPSTREAM": stage.mapped("web:8000"), "HOME": str(stage.folder)}
    with running([str(PROGRAMS / "caddy"), "run", "--config", str(file)], env, stage.folder / "caddy.log"):
        yield stage.ports["443"]


def is_healthy(stage: Stage, service: Service, **env: str) -> bool:
    """Return True if the health check of the service's file succeeds."""
    words = [stage.mapped(word) for word in service.health]
    path = f"{stage.bin}:{os.environ['PATH']}"
    return subprocess.run(words, env={"PATH": path, **env}, capture_output=True, check=False).returncode == 0
