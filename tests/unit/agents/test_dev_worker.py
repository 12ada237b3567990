"""The words that the dev worker puts into its product: people read them."""

from workers.agents import dev_worker

REQUIREMENTS = [{"number": 1, "text": "Match payments."}, {"number": 2, "text": "Report what is left."}]


def test_the_acceptance_tests_say_what_can_be_shown() -> None:
    product = dev_worker.tests(REQUIREMENTS)
    assert (product["name"], product["purpose"]) == (dev_worker.TESTS, "How each requirement is shown to be met")
    assert product["content"].splitlines()[2:] == [
        "- [ ] 1: it can be shown that: Match payments.",
        "- [ ] 2: it can be shown that: Report what is left.",
    ]


def test_the_plan_has_a_line_for_each_requirement_and_the_reviewers_notes_first() -> None:
    product = dev_worker.plan(REQUIREMENTS, ["Begin with the report."])
    assert (product["name"], product["purpose"]) == (dev_worker.PLAN, "The steps in order")
    assert product["content"].splitlines()[2:] == [
        "> Reviewer: Begin with the report.",
        "1. Match payments. (requirement 1)",
        "2. Report what is left. (requirement 2)",
    ]


def test_a_step_is_a_skeleton_under_the_requirements_own_words() -> None:
    assert dev_worker.step(REQUIREMENTS[0])["content"].splitlines()[0] == "# Match payments."
