"""The agent that tests the other deliverables: it computes their figures again from the rows and the request."""

from contextlib import suppress
from typing import Any

from workers.agents.analysis.tally import tally_of
from workers.agents.checking import Facts
from workers.agents.checks import CHECKS
from workers.agents.figures import RowStats, confidence
from workers.agents.friction_worker import Friction, FrictionInput
from workers.agents.recount import Recount
from workers.agents.recurrence import recurrence_from
from workers.agents.scenario_worker import delivered_percent
from workers.contract import Contradiction, Result, agent

NOTHING_CHECKED = "No check was made: nothing was delivered that has figures to be checked."


@agent("test_worker", deliverable="test_report")
def run_checks(work: FrictionInput) -> Result:
    """Return the test report: the result of each check. A wrong figure is reported and not corrected.

    Without any check, `all_passed` is False and `reason` says why.
    """
    facts = facts_of(work)
    applicable = [(run, work.deliverables[name]) for name, run in CHECKS.items() if name in work.deliverables]
    checks = [check for run, content in applicable for check in run(content, facts)]
    failed = sum(not check["passed"] for check in checks)
    figures: dict[str, Any] = {"passed": len(checks) - failed, "failed": failed}
    figures["all_passed"] = bool(checks) and not failed
    if not checks:
        figures["reason"] = NOTHING_CHECKED
    evidence = {"deliverable": "test_report", "rows_read": facts.stats.rows, **figures}
    return Result(
        {"checks": checks, **figures}, evidence, confidence(facts.stats, has_rate=work.hourly_rate is not None)
    )


def facts_of(work: FrictionInput) -> Facts:
    """Return the facts for the checks, computed in one pass over the rows."""
    stats, recount = RowStats(), Recount()
    tally = tally_of(recount.counting(stats.counting(work.rows)))
    friction = Friction(tally, recurrence_from(tally), work.friction_cap_percent, work.friction_factor)
    avoidable = None
    with suppress(Contradiction):
        avoidable = delivered_percent(work)
    return Facts(
        stats=stats,
        friction=friction,
        recount=recount,
        avoidable_percent=friction.avoidable_percent if avoidable is None else avoidable,
        rate=work.hourly_rate,
        currency=work.currency,
        period=work.period,
        request_text=work.request_text,
        deliverables=work.deliverables,
    )
