"""Python client of Interlock's REST interface: open projects, answer questions, read results, work on items."""

from interlock_client.asking import (
    Answer,
    Decision,
    NotAnswered,
    ask,
    find_answer,
    put_approval,
    put_question,
    request_approval,
)
from interlock_client.client import Client, Json, Problem
from interlock_client.worker import Ask, Fail, Result, Work, Worker

__all__ = [
    "Answer",
    "Ask",
    "Client",
    "Decision",
    "Fail",
    "Json",
    "NotAnswered",
    "Problem",
    "Result",
    "Work",
    "Worker",
    "ask",
    "find_answer",
    "put_approval",
    "put_question",
    "request_approval",
]
