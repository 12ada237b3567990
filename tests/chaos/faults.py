"""What each kind of fault does to the world, and how it is healed: one context manager a kind."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

from redis import Redis

from runtime.embedded import EmbeddedValkey
from tests.chaos import messages
from tests.chaos.disks import filled
from tests.chaos.plan import Fault
from tests.chaos.world import World
from tests.valkeys import Server
from tests.waiting import wait_until

Inflict = Callable[[World, Fault], AbstractContextManager[None]]
# Seconds by which the database's clock is stepped: deadlines pass forward; backward everything waits so much longer.
FORWARD_SECONDS, BACK_SECONDS = 300, -15


def once(act: Callable[[World, Fault], object]) -> Inflict:
    """Return a fault that is over as soon as it has happened."""

    @contextmanager
    def inflict(world: World, fault: Fault) -> Iterator[None]:
        act(world, fault)
        yield

    return inflict


# -- processes -------------------------------------------------------------------------------------
def send(number: signal.Signals, world: World, fault: Fault) -> None:
    """Send the signal to the process of this role, if it runs at the moment."""
    if pid := world.system.pids().get(fault.target):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def killed_at_point(world: World, fault: Fault) -> Iterator[None]:
    """Have the process that reaches the point first kill itself there."""
    world.points.arm(fault.target)
    yield
    world.points_not_reached += world.points.disarm(fault.target)


@contextmanager
def killed_everything(world: World, fault: Fault) -> Iterator[None]:
    """Kill every process of the system; it starts again."""
    world.system.kill_everything()
    yield
    world.start_system()


@contextmanager
def frozen_process(world: World, fault: Fault) -> Iterator[None]:
    """Freeze the process."""
    pid = world.system.pids().get(fault.target)
    signal_pid(pid, signal.SIGSTOP)
    yield
    signal_pid(pid, signal.SIGCONT)


def signal_pid(pid: int | None, number: signal.Signals) -> None:
    """Send the signal, if there is still such a process."""
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


# -- the broker ------------------------------------------------------------------------------------
# Of a cluster it is one node that a fault concerns: drawn from the fault's time, so that the seed decides it.
def server_of(world: World, fault: Fault) -> EmbeddedValkey | Server:
    """Return the server that the fault concerns."""
    return world.broker_server(random.Random(fault.at))


@contextmanager
def broker_restarted(world: World, fault: Fault) -> Iterator[None]:
    """Kill the broker; it starts again with its file."""
    kill_server(server_of(world, fault))
    yield
    world.start_broker_again()


@contextmanager
def broker_wiped(world: World, fault: Fault) -> Iterator[None]:
    """Kill the broker; it starts again with nothing."""
    server = server_of(world, fault)
    kill_server(server)
    shutil.rmtree(append_only(server), ignore_errors=True)
    yield
    world.start_broker_again()


@contextmanager
def broker_older(world: World, fault: Fault) -> Iterator[None]:
    """Copy the broker's file; at the end kill the broker and start it with the copy."""
    server = server_of(world, fault)
    copy = append_only(server).with_name("older")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(append_only(server), copy)
    yield
    kill_server(server)
    shutil.rmtree(append_only(server), ignore_errors=True)
    copy.rename(append_only(server))
    world.start_broker_again()


@contextmanager
def broker_full(world: World, fault: Fault) -> Iterator[None]:
    """Let the broker have no more memory than it has."""
    server = server_of(world, fault)
    tell(server, "CONFIG", "SET", "maxmemory", 1)
    yield
    tell(server, "CONFIG", "SET", "maxmemory", 0)


@contextmanager
def broker_misconf(world: World, fault: Fault) -> Iterator[None]:
    """Have the broker fail to save its snapshot: it answers every write with MISCONF."""
    server = server_of(world, fault)
    obstacle = server.data_dir / "dump.rdb"
    with suppress(OSError):
        obstacle.unlink()
    obstacle.mkdir()
    (obstacle / "in-the-way").touch()
    tell(server, "CONFIG", "SET", "save", "3600 1")
    tell(server, "BGSAVE")
    yield
    tell(server, "CONFIG", "SET", "save", "")
    shutil.rmtree(obstacle)


@contextmanager
def broker_disk_full(world: World, fault: Fault) -> Iterator[None]:
    """Fill up the disk of the broker's file."""
    assert world.broker_disk
    with filled(world.broker_disk):
        yield
    world.start_broker_again()


@contextmanager
def broker_frozen(world: World, fault: Fault) -> Iterator[None]:
    """Freeze the broker: it takes connections and says nothing."""
    server = server_of(world, fault)
    signal_pid(server.pid, signal.SIGSTOP)
    yield
    signal_pid(server.pid, signal.SIGCONT)


def kill_server(server: EmbeddedValkey | Server) -> None:
    """SIGKILL, and wait for the end."""
    signal_pid(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.running)


def append_only(server: EmbeddedValkey | Server) -> Path:
    """Return the folder of the server's append-only file."""
    return server.data_dir / "appendonlydir"


def tell(server: EmbeddedValkey | Server, *command: object) -> None:
    """Execute a command of the server."""
    client = server.client() if isinstance(server, Server) else Redis.from_url(server.url)
    client.execute_command(*command)


# -- the database ----------------------------------------------------------------------------------
@contextmanager
def database_restarted(world: World, fault: Fault) -> Iterator[None]:
    """Kill the database; it starts again."""
    world.database.kill()
    yield
    world.database.ensure_running()


@contextmanager
def database_disk_full(world: World, fault: Fault) -> Iterator[None]:
    """Fill up the disk of the database."""
    assert world.database_disk
    with filled(world.database_disk):
        yield
    time.sleep(0.5)
    world.database.ensure_running()


@contextmanager
def tables_locked(world: World, fault: Fault) -> Iterator[None]:
    """Let nobody write into the ledger: whoever has begun a transaction has to wait in it."""
    with world.database.connected() as connection, connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '5s'")
        connection.execute("LOCK TABLE events_event IN SHARE MODE")
        yield


INFLICT: dict[str, Inflict] = {
    "kill": once(partial(send, signal.SIGKILL)),
    "kill at point": killed_at_point,
    "kill everything": killed_everything,
    "freeze": frozen_process,
    "end": once(partial(send, signal.SIGTERM)),
    "broker restarted": broker_restarted,
    "broker wiped": broker_wiped,
    "broker older": broker_older,
    "broker full": broker_full,
    "broker MISCONF": broker_misconf,
    "broker disk full": broker_disk_full,
    "broker frozen": broker_frozen,
    "database restarted": database_restarted,
    "connections cut": once(lambda world, _: world.database.cut_connections()),
    "database disk full": database_disk_full,
    "tables locked": tables_locked,
    "clock forward": once(lambda world, _: world.database.step_clock(FORWARD_SECONDS)),
    "clock back": once(lambda world, _: world.database.step_clock(BACK_SECONDS)),
    "duplicates": once(lambda _, fault: messages.put_again(random.Random(fault.at), in_order=True)),
    "reordered": once(lambda _, fault: messages.put_again(random.Random(fault.at), in_order=False)),
    "poison": once(lambda _, fault: messages.put_poison(random.Random(fault.at))),
}


def impossible(world: World) -> dict[str, str]:
    """Return {kind: why} of the kinds that this machine does not allow."""
    disks = {"broker disk full": world.broker_disk, "database disk full": world.database_disk}
    return {kind: "no small disk can be mounted: it takes root" for kind, disk in disks.items() if disk is None}
