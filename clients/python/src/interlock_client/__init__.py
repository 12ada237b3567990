"""Python client of Interlock's REST interface: open projects, answer questions, read results, work on items."""

from interlock_client.client import Client, Json, Problem
from interlock_client.worker import Ask, Fail, Result, Work, Worker

__all__ = ["Ask", "Client", "Fail", "Json", "Problem", "Result", "Work", "Worker"]
