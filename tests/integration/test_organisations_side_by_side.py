"""Histories of two organisations side by side, through all doors: at no moment does one meet anything of the other."""

import math
import os
import re
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pytest_django import Settings

from accounts import quotas
from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION, Organisation
from accounts.quotas import Limits
from accounts.roles import ADMINISTRATOR, OPERATOR, REQUESTER
from backlog.consumers import OrchestratorConsumer
from backlog.models import Project
from backlog.organisations import make_organisation
from backlog.quotas import set_quota
from clarifications.consumers import ClarificationsConsumer
from clarifications.mails.links import link_token
from clarifications.models import Question
from events.streams import Entry
from tests.callers import Caller, account
from tests.flows import envelope
from tests.memberships import member
from tests.strange_ids import strange_doors
from tests.two_organisations import Side, addresses, body_of, got, met, side, traces_in, visitors
from tests.undoing import undone

pytestmark = pytest.mark.django_db

# Some histories in `make test`; STATE_EXAMPLES=500 asks for many.
EXAMPLES, STEPS = int(os.environ.get("STATE_EXAMPLES", "2")), 10
WORDS = ("Zebra", "Walrus")
# What each looks at after each step.
# What who is in both looks at after each step, in the organisation in which they are.
TRAVELLED = ("/", "/admin/", "/api/v1/projects")
MENU = re.compile(rb'<details class="organisations">.*?</details>', re.DOTALL)
LOOKED_AT = ("/api/v1/stats", "/api/v1/events", "/api/v1/questions", "/api/v1/dead-letters", "/admin/")
SIDES = st.sampled_from([0, 1])


class SideBySide(RuleBasedStateMachine):
    """Steps of one organisation, each followed by looks from the other."""

    sides: list[Side]

    def __init__(self) -> None:
        super().__init__()
        self.undoing = undone()
        self.undoing.__enter__()
        self.sides, self.people = [], []
        self.entries = self.at = 0
        # How many projects each may open still; None: as many as it likes.
        self.left: list[int | None] = [None, None]
        quotas.known = quotas.KnownLimits(read_until=math.inf)

    @initialize()
    def begin(self) -> None:
        both = (Organisation.objects.get(pk=FIRST_ORGANISATION), make_organisation("Walrus and sons"))
        self.sides = [side(organisation, word) for organisation, word in zip(both, WORDS, strict=True)]
        self.people = [visitors(each, [REQUESTER, OPERATOR, ADMINISTRATOR]) for each in self.sides]
        self.doors = [list(strange_doors(each)) for each in self.sides]
        self.addresses = [addresses(each) for each in self.sides]
        names, (here, there) = [self.name(of, "traveller") for of in (0, 1)], both
        home = account(names[0], OPERATOR, organisation=here)
        self.travellers = [home, member(home, there, OPERATOR, names[1])]
        self.traveller = Client()
        self.traveller.force_login(User.objects.get(pk=home.pk))

    def teardown(self) -> None:
        self.undoing.__exit__(None, None, None)

    def name(self, of: int, role: str) -> str:
        """The account of this role."""
        return f"{WORDS[of].lower()}-{role}"

    def put(self, kind: str, payload: dict[str, Any]) -> None:
        """Have both groups handle an event that came over the stream; what they refuse is buried."""
        self.entries += 1
        entry = Entry("audit:events", f"{self.entries}-0", {b"event": orjson.dumps(envelope(kind, payload))})
        for consumer in (OrchestratorConsumer(), ClarificationsConsumer()):
            if event := consumer.read(entry):
                consumer.apply_or_isolate([(entry, event)])

    def open_questions(self, of: int) -> list[Question]:
        """The questions of this side that wait, in an order of their own."""
        own = Question.objects.filter(project__organisation=self.sides[of].organisation, status="OPEN", kind="input")
        return list(own.order_by("pk"))

    # -- steps -----------------------------------------------------------------------------------------
    @rule(of=SIDES, by_event=st.booleans(), known=st.booleans())
    def open(self, of: int, by_event: bool, known: bool) -> None:
        template = f"{WORDS[of].lower()}-plan" if known else f"{WORDS[1 - of].lower()}-plan"
        said = {"request_text": f"{WORDS[of]} again", "template": template}
        if by_event:
            named = {"project_id": str(uuid4()), "requester": self.name(of, REQUESTER)}
            self.put("PROJECT.INITIAL_REQUEST_RECEIVED", said | named)
            is_open = Project.objects.filter(pk=named["project_id"]).exists()
            assert is_open == (known and self.takes(of))
        else:
            status = self.people[of][REQUESTER].post("projects", said).status_code
            assert status == (422 if not known else 201 if self.takes(of) else 403)

    def takes(self, of: int) -> bool:
        """Whether this side may open one more project, which is counted."""
        left = self.left[of]
        self.left[of] = left if left is None else max(0, left - 1)
        return left != 0

    @rule(of=SIDES, more=st.none() | st.integers(0, 2))
    def bound(self, of: int, more: int | None) -> None:
        """Whoever runs the installation says how many projects more one side may open in this month."""
        own = Project.objects.filter(organisation=self.sides[of].organisation).count()
        set_quota(self.sides[of].organisation, Limits(projects_a_month=None if more is None else own + more))
        self.left[of] = more

    @rule(to=SIDES)
    def travel(self, to: int) -> None:
        """Who is in both goes to one of them."""
        self.traveller.post("/organisation/", {"to": self.travellers[to].pk})
        self.at = to

    @rule(of=SIDES)
    def ask_on_a_page(self, of: int) -> None:
        """The person who is in both asks for something, with a template that this side has or not."""
        typed = {"request_text": f"{WORDS[self.at]} asks", "template": f"{WORDS[of].lower()}-plan"}
        before = Project.objects.count()
        self.traveller.post("/requests/new/", typed | {"form_token": str(uuid4())})
        made = Project.objects.count() - before
        assert made == (of == self.at and self.takes(of))
        newest = Project.objects.filter(owner=self.travellers[self.at]).last()
        assert not made or (newest and newest.organisation_id == self.sides[self.at].organisation.pk)

    @rule(of=SIDES, door=st.sampled_from(["rest", "event", "link"]), own=st.booleans())
    def answer(self, of: int, door: str, own: bool) -> None:
        """Somebody answers a question, of their own organisation or of the other."""
        for question in self.open_questions(of)[:1]:
            teller = of if own else 1 - of
            self.answer_by(door, question, teller)
            assert (Question.objects.get(pk=question.pk).status == "ANSWERED") == own

    def answer_by(self, door: str, question: Question, teller: int) -> None:
        """Answer through this door, as the operator of this side."""
        value, person = f"{WORDS[teller]}burg", self.people[teller][OPERATOR]
        if door == "rest":
            person.post(f"questions/{question.pk}/answer", {"answer": value})
        elif door == "link":
            token = link_token(question, User.objects.get(username=self.name(teller, OPERATOR)))
            person.client.post(f"/answer/{token}/", {"answer_city": value, "answer": value})
        else:
            about = {"project_id": str(question.project_id), "question_id": str(question.pk)}
            self.put("USER.ANSWER_SUBMITTED", about | {"answer": value, "answered_by": self.name(teller, OPERATOR)})

    @rule(of=SIDES, completes=st.booleans())
    def work(self, of: int, completes: bool) -> None:
        leased = self.people[of]["key"].post("work/lease", {"agent": "foreign_worker"}).json()["items"]
        for lease in leased:
            held = Project.objects.get(items__leases__token=lease["lease"])
            assert held.organisation_id == self.sides[of].organisation.pk
            how, said = ("complete", {"evidence": {}}) if completes else ("fail", {"reason": WORDS[of]})
            assert self.people[of]["key"].post(f"work/{lease['lease']}/{how}", said).status_code == 200

    @rule(of=SIDES, to_own=st.booleans())
    def hand_over(self, of: int, to_own: bool) -> None:
        for question in self.open_questions(of)[:1]:
            to = self.name(of if to_own else 1 - of, OPERATOR)
            answer = self.people[of][OPERATOR].post(f"questions/{question.pk}/assign", {"to": to})
            assert answer.status_code == (200 if to_own else 422)

    @rule(of=SIDES)
    def change_template(self, of: int) -> None:
        item = {"key": "only", "title": "Work", "agent_target": "foreign_worker"}
        plan = {"name": "shared-name", "title": f"{WORDS[of]} {uuid4()}", "items": [item]}
        versions = "templates/shared-name/versions"
        made = self.people[of][ADMINISTRATOR].post(versions, {"definition": plan}).json()
        own = self.people[of][ADMINISTRATOR].get(versions).json()["results"]
        assert made["version"] == len(own), "the versions of the other organisation are counted"

    @rule(of=SIDES, role=st.sampled_from([REQUESTER, OPERATOR, ADMINISTRATOR, "key"]), data=st.data())
    def reach_over(self, of: int, role: str, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(self.addresses[1 - of]))
        self.look(self.people[of][role], of, address, self.sides[1 - of].traces())

    @rule(of=SIDES, role=st.sampled_from([REQUESTER, OPERATOR, ADMINISTRATOR, "both"]), data=st.data())
    def act_over(self, of: int, role: str, data: st.DataObject) -> None:
        """Somebody sends something that changes or reads a row of the other side: it is as if it were not there."""
        caller, of = (Caller(None), self.at) if role == "both" else (self.people[of][role], of)
        caller.client = self.traveller if role == "both" else caller.client
        door = data.draw(st.sampled_from(self.doors[1 - of]))
        said = [MENU.sub(b"", body_of(door.call(caller, address))) for address in (door.theirs, door.nowhere)]
        assert traces_in(said[0], self.sides[1 - of].traces(), door.theirs) == set(), (WORDS[of], str(door))

    # -- what must be ----------------------------------------------------------------------------------
    @invariant()
    def neither_meets_the_other(self) -> None:
        for of in range(len(self.sides)):
            traces = self.sides[1 - of].traces()
            for address in LOOKED_AT:
                self.look(self.people[of][OPERATOR], of, address, traces)
        for address in TRAVELLED if self.sides else ():
            said = MENU.sub(b"", body_of(self.traveller.get(address)))
            assert traces_in(said, self.sides[1 - self.at].traces(), address) == set(), ("both", self.at, address)

    def look(self, caller: Caller, of: int, address: str, traces: set[str]) -> None:
        """Call the address: none of the other side's traces may be in the answer."""
        assert met(got(caller, address), traces, address) == set(), (WORDS[of], address)


def test_two_organisations_side_by_side_never_meet(broker: None, settings: Settings) -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    run_state_machine_as_test(SideBySide, settings=PROFILE)  # type: ignore[no-untyped-call]


PROFILE = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
