"""Calls Interlock over HTTP: open projects, answer, read what came of them, and do their work."""

from interlock_client.client import Client, Json, Problem
from interlock_client.worker import Ask, Fail, Result, Work, Worker

__all__ = ["Ask", "Client", "Fail", "Json", "Problem", "Result", "Work", "Worker"]
