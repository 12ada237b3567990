"""What the evidence is held against, in words."""

from typing import Any

import pytest

from backlog.blueprints.definition import DoneWhen
from backlog.flow.definition_of_done import evidence_faults, failed_checks
from backlog.flow.named_checks import no_failed_checks

COUNTED = DoneWhen(evidence={"type": "object", "required": ["rows"], "properties": {"rows": {"type": "integer"}}})


def test_no_schema_objects_to_nothing() -> None:
    assert evidence_faults(DoneWhen(), {"anything": None}) == []


@pytest.mark.parametrize(
    ("evidence", "fault"),
    [
        ({}, "evidence /: 'rows' is a required property"),
        ({"rows": "3"}, "evidence /rows: '3' is not of type 'integer'"),
    ],
    ids=["missing", "invalid"],
)
def test_a_fault_in_the_evidence_names_its_place(evidence: dict[str, Any], fault: str) -> None:
    assert evidence_faults(COUNTED, evidence) == [fault]


@pytest.mark.parametrize(
    ("evidence", "faults"),
    [({"failed": 0}, 0), ({"failed": 2}, 1), ({}, 1), ({"failed": None}, 1), ({"failed": "0"}, 1)],
    ids=["none failed", "two failed", "not said", "null", "a text"],
)
def test_only_a_count_of_zero_failed_checks_will_do(evidence: dict[str, Any], faults: int) -> None:
    assert len(no_failed_checks(evidence)) == faults


def test_named_checks_are_all_asked() -> None:
    assert failed_checks(DoneWhen(checks=("no_failed_checks",)), {"failed": 1}) == ["checks failed: 1"]


def test_an_unknown_check_is_an_objection_and_no_error() -> None:
    assert failed_checks(DoneWhen(checks=("looks_good",)), {}) == [
        "no check is called 'looks_good'; there is: no_failed_checks"
    ]
