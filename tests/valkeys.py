"""Real Valkey servers in larger formations: a cluster of three nodes, and a primary with a replica and a Sentinel."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import redis
from redis.crc import key_slot

from runtime.embedded import server_program
from runtime.processes import tied_to_parent, wait_or_kill
from tests.waiting import wait_until

SLOTS = 16384
# How long a node may be silent before the others call it down.
NODE_TIMEOUT_MS = 1500
SERVICE = "interlock"


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listened at a moment ago, all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Server:
    """A Valkey server at a port of this machine, with an append-only file; it ends with the thread that started it."""

    def __init__(self, folder: Path, port: int, **options: object) -> None:
        self.data_dir, self.port, self.options = folder, port, options
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Return True if the server's process is alive."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int | None:
        """Return the process id; None if the server is not alive."""
        return self.process.pid if self.process and self.running else None

    def client(self) -> Any:
        """Return a client of this server alone."""
        return redis.Redis(port=self.port, socket_timeout=2, protocol=2)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "log").open("ab") as log:
            self.process = subprocess.Popen(tied_to_parent(self.command()), stdout=log, stderr=log)
        wait_until(self.answers)

    def command(self) -> list[str]:
        """Return the command line of the server."""
        usual = {"appendonly": "yes", "appendfsync": "everysec", "save": "", "bind": "127.0.0.1"}
        options = {"port": self.port, "dir": self.data_dir, **usual, **self.options}
        words = [(f"--{name.replace('_', '-')}", str(value)) for name, value in options.items()]
        return [server_program(), *(word for pair in words for word in pair)]

    def role(self) -> str:
        """Return "master" or "slave"; empty while the server does not answer."""
        with suppress(redis.RedisError):
            return str(self.client().info("replication")["role"])
        return ""

    def answers(self) -> bool:
        """Return True if the server is ready for commands."""
        assert self.running, (self.data_dir / "log").read_text()[-2000:]
        with suppress(redis.RedisError):
            return bool(self.client().ping())
        return False

    def ensure_running(self) -> bool:
        """Start the server again if it has died; return True if it had."""
        if self.running:
            return False
        self.start()
        return True

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self.process:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """End the server, one that is frozen too."""
        if self.process:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGCONT)
            self.process.terminate()
            wait_or_kill(self.process, seconds=5)


class Sentinel(Server):
    """A Sentinel, which watches a primary and has a replica take its place."""

    def command(self) -> list[str]:
        """Write the configuration, which Sentinels change themselves, and return the command line."""
        file = self.data_dir / "sentinel.conf"
        lines = [f"port {self.port}", f"dir {self.data_dir}"]
        lines += [f"sentinel monitor {SERVICE} 127.0.0.1 {self.options['of']} 1"]
        lines += [f"sentinel down-after-milliseconds {SERVICE} 3000", f"sentinel failover-timeout {SERVICE} 6000"]
        file.write_text("\n".join(lines) + "\n")
        return [server_program(), str(file), "--sentinel"]


class ValkeyCluster:
    """Three nodes that share the slots, without replicas: what a node holds is away while the node is."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        ports = free_ports(2 * nodes)
        self.nodes = [
            Server(
                folder / f"node-{number}",
                ports[number],
                cluster_enabled="yes",
                cluster_port=ports[nodes + number],
                cluster_node_timeout=NODE_TIMEOUT_MS,
            )
            for number in range(nodes)
        ]
        self.buses = ports[nodes:]
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the nodes, divide the slots among them, and wait until all agree."""
        for node in self.nodes:
            node.start()
        bounds = [SLOTS * number // len(self.nodes) for number in range(len(self.nodes) + 1)]
        first = self.nodes[0].client()
        for node, bus, low, high in zip(self.nodes, self.buses, bounds[:-1], bounds[1:], strict=True):
            node.client().execute_command("CLUSTER", "ADDSLOTSRANGE", low, high - 1)
            first.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        wait_until(self.is_whole)

    def is_whole(self) -> bool:
        """Return True if every node says that all slots are served."""
        with suppress(redis.RedisError):
            states = [node.client().execute_command("CLUSTER", "INFO") for node in self.nodes]
            return all(is_whole_for(state, len(self.nodes)) for state in states)
        return False

    def node_of(self, key: str) -> Server:
        """Return the node that holds the key, as the slots were divided at first."""
        return self.nodes[key_slot(key.encode()) * len(self.nodes) // SLOTS]

    def ensure_running(self) -> bool:
        """Start every node that has died; return True if one had."""
        started = [node.ensure_running() for node in self.nodes]
        return any(started)

    def stop(self) -> None:
        """End all nodes."""
        for node in self.nodes:
            node.stop()


def is_whole_for(info: Any, nodes: int) -> bool:
    """Return True if the node knows so many others and finds the cluster well."""
    text = info.decode() if isinstance(info, bytes) else str(info)
    return ("cluster_state:ok" in text and f"cluster_known_nodes:{nodes}" in text) or (
        "'cluster_state': 'ok'" in text and f"'cluster_known_nodes': '{nodes}'" in text
    )


class Sentineled:
    """A primary, a replica and one Sentinel."""

    def __init__(self, folder: Path) -> None:
        first, second, third = free_ports(3)
        self.primary = Server(folder / "primary", first)
        self.replica = Server(folder / "replica", second, replicaof=f"127.0.0.1 {first}")
        self.sentinel = Sentinel(folder / "sentinel", third, of=first)
        self.url = f"redis+sentinel://127.0.0.1:{third}/{SERVICE}/0"

    def servers(self) -> Sequence[Server]:
        """Return all three."""
        return [self.primary, self.replica, self.sentinel]

    def knows_replica(self) -> bool:
        """Return True if the Sentinel has found the replica, and the replica has the primary's data."""
        with suppress(redis.RedisError):
            link = self.replica.client().info("replication").get("master_link_status")
            return link == "up" and bool(self.sentinel.client().sentinel_slaves(SERVICE))
        return False


@contextmanager
def sentineled(folder: Path) -> Iterator[Sentineled]:
    """Run a primary, a replica and a Sentinel inside the block."""
    formation = Sentineled(folder)
    try:
        for server in formation.servers():
            server.start()
        wait_until(formation.knows_replica, 20)
        yield formation
    finally:
        for server in formation.servers():
            server.stop()
