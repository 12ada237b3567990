"""What the people and programs of `benchmarks.people` do, for locust; runs in a process of its own."""

import os
import re
from itertools import count
from pathlib import Path
from random import choice
from typing import Any
from uuid import uuid4

import websocket
from locust import HttpUser, between, constant_pacing, task

NUMBERS = count()
KEYS = Path(os.environ["PEOPLE_KEYS"]).read_text().split()
PEOPLE, ANSWERERS, INTEGRATORS = (int(number) for number in os.environ["PEOPLE_COUNTS"].split())
API = "/api/v1"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
FORM = re.compile(r'name="form_token" value="([^"]+)"')
OWN = re.compile(r'href="(/projects/[0-9a-f-]{36}/)"')
QUESTION = re.compile(r'href="(/admin/clarifications/question/[0-9a-f-]{36}/change/)')
FEW_WORDS = "Where does the time of our team go?"


class Person(HttpUser):
    """Somebody at a browser, who signs in, keeps a page open that listens, and looks at the next after some seconds."""

    abstract = True
    wait_time = between(5, 15)
    name, topics = "", ""

    def on_start(self) -> None:
        """Sign in with an account of one's own."""
        page = self.client.get("/sign-in/", name="/sign-in/")
        form = {"username": f"{self.name}{next(NUMBERS)}", "password": os.environ["PEOPLE_PASSWORD"], "next": ""}
        self.client.post("/sign-in/", {**form, "csrfmiddlewaretoken": self.token_in(page)}, name="/sign-in/ (sent)")
        self.socket: Any = None
        if self.topics:
            self.listen(self.topics)

    def listen(self, topics: str) -> None:
        """Open the socket of a page."""
        address = str(self.host).replace("http", "ws") + f"/ws/live/?topics={topics}"
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.client.cookies)
        with self.environment.events.request.measure("WS", "/ws/live/"):
            self.socket = websocket.create_connection(address, cookie=cookies, origin=self.host, timeout=30)
            self.socket.recv()

    def on_stop(self) -> None:
        """Close the page."""
        if self.socket is not None:
            self.socket.close()

    def token_in(self, page: Any) -> str:
        """Return the token of the page's form."""
        found = TOKEN.search(page.text)
        return found[1] if found else ""


class Requester(Person):
    """Looks at their requests, and now and then sends one."""

    fixed_count = PEOPLE - ANSWERERS
    name = "requester"

    @task(6)
    def requests(self) -> None:
        """Look at the list, and at one of the requests on it."""
        page = self.client.get("/", name="/")
        if projects := OWN.findall(page.text):
            project = choice(projects)
            self.client.get(project, name="/projects/ID/")
            if self.socket is None:
                self.listen(f"project:{project.split('/')[2]}")

    @task(1)
    def send(self) -> None:
        """Send a request."""
        page = self.client.get("/requests/new/", name="/requests/new/")
        form = FORM.search(page.text)
        typed = {"form_token": form[1] if form else "", "template": "minimal", "request_text": FEW_WORDS}
        sent = {**typed, "csrfmiddlewaretoken": self.token_in(page)}
        self.client.post("/requests/new/", sent, name="/requests/new/ (sent)", allow_redirects=False)


class Answerer(Person):
    """Works at the staff's pages."""

    fixed_count = ANSWERERS
    name, topics = "answerer", "overview+inbox"

    @task(2)
    def overview(self) -> None:
        """Look at the overview."""
        self.client.get("/admin/", name="/admin/")

    @task(3)
    def inbox(self) -> None:
        """Look at the questions, and at one of them."""
        page = self.client.get("/admin/clarifications/question/", name="/admin/…/question/")
        if questions := QUESTION.findall(page.text):
            self.client.get(choice(questions), name="/admin/…/question/ID/")

    @task(1)
    def projects(self) -> None:
        """Look at the projects."""
        self.client.get("/admin/backlog/project/", name="/admin/…/project/")


class Integrator(HttpUser):
    """A program that opens a project, lists what is asked, answers it, and asks how the project does."""

    fixed_count = INTEGRATORS
    wait_time = constant_pacing(2)

    def on_start(self) -> None:
        """Take one of the keys."""
        self.client.headers["Authorization"] = f"Bearer {KEYS[next(NUMBERS) % len(KEYS)]}"

    @task
    def work(self) -> None:
        """Do all of it once."""
        asked = {"request_text": FEW_WORDS, "template": "people", "title": "Time"}
        key = {"Idempotency-Key": str(uuid4())}
        opened = self.client.post(f"{API}/projects", json=asked, headers=key, name="POST /projects")
        if opened.status_code == 201:
            self.client.get(f"{API}/projects/{opened.json()['id']}", name="GET /projects/ID")
        listed = self.client.get(f"{API}/questions?limit=50&status=OPEN", name="GET /questions")
        if listed.status_code == 200 and (questions := listed.json()["results"]):
            self.answer(choice(questions)["id"])

    def answer(self, question: str) -> None:
        """Answer the question; that another program was faster is no failure."""
        where = f"{API}/questions/{question}/answer"
        with self.client.post(where, json={"answer": 45}, name="POST …/answer", catch_response=True) as answered:
            if answered.status_code == 409:
                answered.success()
