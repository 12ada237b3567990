"""A program with a LangGraph graph, as its builder writes it; tests start it, kill it, and start it again.

Each thread pays an invoice: its node asks a person two things, one after the other, and then pays.
"""

import os
import random
import signal
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypedDict

from interlock_client import Client, asking
from interlock_client.langgraph import effect_key, first_time, run
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

TABLES = """
PRAGMA journal_mode = wal;
CREATE TABLE IF NOT EXISTS interlock_effects (key TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS payments (invoice TEXT, sum REAL, key TEXT);
CREATE TABLE IF NOT EXISTS begun (invoice TEXT);
"""
SUM = {"type": "number", "minimum": 0}


class Invoice(TypedDict):
    """The state: which invoice; whether a person agrees, and to which sum."""

    name: str
    agreed: bool
    sum: float


def die_once() -> None:
    """Kill this process with SIGKILL, the first time that it comes here."""
    if not (mark := FOLDER / "died").exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def nap() -> None:
    """Wait a little, so that a kill finds the program at any place."""
    time.sleep(random.uniform(0, 0.1))


def pay(state: Invoice) -> dict[str, object]:
    """Ask twice, and pay once."""
    with closing(database()) as db, db:
        db.execute("INSERT INTO begun VALUES (?)", (state["name"],))
    agreed = interrupt(
        {"question": f"May {state['name']} be paid?", "from": "ACME"}, response_schema={"type": "boolean"}
    )
    amount = interrupt(f"How much of {state['name']}?", response_schema=SUM)
    nap()
    with closing(database()) as db, db:
        if first_time(db, key := effect_key()):
            db.execute("INSERT INTO payments VALUES (?, ?, ?)", (state["name"], amount, key))
    die_once()  # paid, and LangGraph does not know it yet
    nap()
    return {"agreed": agreed, "sum": amount}


def database() -> sqlite3.Connection:
    """The program's own database."""
    return sqlite3.connect(FOLDER / "own.sqlite3", timeout=60)


def main(url: str, key: str, invoices: list[str]) -> None:
    """Pay all invoices, each in its thread of the graph, and end."""
    builder = StateGraph(Invoice)
    builder.add_node("pay", pay)
    builder.add_edge(START, "pay")
    builder.add_edge("pay", END)
    with SqliteSaver.from_conn_string(str(FOLDER / "graph.sqlite3")) as saver, Client(url, key) as client:
        graph = builder.compile(checkpointer=saver)

        def go(name: str) -> dict[str, object]:
            return run(client, graph, {"name": name}, {"configurable": {"thread_id": name}})

        with ThreadPoolExecutor(len(invoices)) as threads:
            for name, state in zip(invoices, threads.map(go, invoices), strict=True):
                sys.stdout.write(f"{name} {state['agreed']} {state['sum']}\n")


if __name__ == "__main__":
    FOLDER = Path(sys.argv[1])
    asking.LONGEST_WAIT_SECONDS = 1.0
    with closing(database()) as own:
        own.executescript(TABLES)
    main(sys.argv[2], (FOLDER / "key").read_text(), sys.argv[3:])
