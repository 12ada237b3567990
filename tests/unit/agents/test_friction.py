"""Recurring tasks."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from intake.spreadsheets.rows import Row
from workers.agents.recurrence import normal_form, recurrence_of
from workers.contract import Result

Run = Callable[..., Result]


def row(text: str) -> Row:
    return {"text": text, "category": "", "estimated_minutes": 1.0}


def recur(*texts: str) -> bool:
    return recurrence_of([row(text) for text in texts]).recurring_rows == len(texts)


def test_recurring_rows_their_share_and_what_is_avoidable(run: Run, rows: list[Any]) -> None:
    result = run("friction_worker", rows=rows)
    assert result.content == {
        "total_rows": 4,
        "recurring_count": 2,
        "recurring_share": 50.0,
        "avoidable_percent": 60.0,
        "coefficients": {"cap_percent": 60.0, "factor": 1.25},
        "cluster_count": 1,
        "clusters": [
            {
                "fingerprint": "check invoice",
                "count": 2,
                "sample_text": "Check invoice 4711",
                "minutes": 120.0,
                "category": "Payables",
                "automatable": True,
                "why": "rule_based",
                "texts": ["Check invoice 4711", "check Invoice #4712!"],
            },
        ],
        "fragmentation": {"short_rows": 0, "short_percent": 0.0, "short_minutes": 0.0},
    }
    assert result.evidence["deliverable"] == "friction_analysis"


def test_the_coefficients_are_inputs_and_are_printed(run: Run, rows: list[Any]) -> None:
    content = run("friction_worker", rows=rows, friction_cap_percent=90, friction_factor="1.5").content
    assert content["avoidable_percent"] == 75.0
    assert content["coefficients"] == {"cap_percent": 90.0, "factor": 1.5}


def test_a_text_is_compared_without_case_punctuation_numbers_and_dates() -> None:
    assert normal_form("  CHECK: Invoice #4711 (2024-03-01)!") == "check invoice"
    assert normal_form("4711") == "4711"
    assert normal_form("…") == ""


@pytest.mark.parametrize(
    "texts",
    [
        ("Reconcile bank statement", "Reconcile bank statements"),
        ("Check the invoice", "Invoice check"),
        ("Prepare paymnt run", "Prepare payment run"),
        ("Approve travel expense", "Aprove travel expenses"),
    ],
)
def test_nearly_the_same_text_is_the_same_task(texts: tuple[str, str]) -> None:
    assert recur(*texts)


@pytest.mark.parametrize(
    "texts",
    [
        ("file", "file report"),
        ("Approve invoice of supplier Acme Germany", "Reject invoice of supplier Acme Germany"),
        ("Check in", "Check out"),
        ("Reconcile AR accounts", "Reconcile AP accounts"),
        ("Import orders", "Export orders"),
        ("Lock account", "Unlock account"),
        ("Weekly report", "Monthly report"),
        ("", ""),
    ],
)
def test_similar_words_are_not_the_same_task(texts: tuple[str, str]) -> None:
    assert not recur(*texts)


def test_clusters_are_pure_on_texts_of_known_tasks() -> None:
    verbs = ("check", "prepare", "approve", "archive", "correct", "translate", "measure", "deliver")
    things = ("invoice", "contract", "budget", "payslip", "statement", "inventory", "forecast", "complaint")
    tasks = [f"{verb} {thing}" for verb in verbs for thing in things]
    texts = [form for task in tasks for form in (task, f"{task}s", f"{task.upper()} 17", f"{task}s, 2024-05-01")]
    found = recurrence_of([row(text) for text in texts])
    assert [task.count for task in found.tasks] == [4] * len(tasks)


def test_the_order_of_the_rows_changes_nothing() -> None:
    texts = ["Pay supplier", "pay suppliers", "Pay suplier 7", "Close ledger", "close the ledger", "Call bank"] * 3
    expected = recurrence_of([row(text) for text in texts])
    for seed in range(20):
        shuffled = random.Random(seed).sample(texts, len(texts))
        assert recurrence_of([row(text) for text in shuffled]) == expected


def test_only_the_most_frequent_clusters_are_listed_and_all_are_counted(run: Run) -> None:
    names = [f"{chr(97 + n // 26) * 7}{chr(97 + n % 26) * 7} task" for n in range(60)]
    content = run("friction_worker", rows=[{"text": name} for name in names * 2]).content
    assert (len(content["clusters"]), content["cluster_count"], content["recurring_count"]) == (50, 60, 120)
