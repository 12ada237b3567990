#!/usr/bin/env python
"""Holds the interface's documents to their own validators, and drives the system with a generated client.

OpenAPI: openapi-spec-validator, then a client made by openapi-python-client opens a project and answers its question
on a running system. AsyncAPI: @asyncapi/parser, where npm is installed. The generator and the parser are put into a
temporary folder, never into .venv.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
ASYNCAPI = """
import { Parser } from '@asyncapi/parser';
import { readFileSync } from 'fs';
const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
for (const one of diagnostics.filter((one) => one.severity === 0)) console.log(one.path.join('/'), one.message);
if (!document) process.exit(1);
console.log(`${document.operations().length} operations, ${document.messages().length} messages`);
"""
CLIENT = """
import sys, time
from interlock_client import AuthenticatedClient
from interlock_client.api.projects import projects_create, projects_read
from interlock_client.api.questions import questions_answer, questions_list
from interlock_client.models import NewAnswer, NewProject, NewProjectWorkContext

def until(look):
    for _ in range(600):
        if found := look():
            return found
        time.sleep(0.1)
    sys.exit("nothing happened in a minute")

rows = [{"text": f"Match payment {i}", "category": "Payments", "estimated_minutes": 30} for i in range(20)]
context = NewProjectWorkContext.from_dict({"rows": rows, "period": {"type": "month"}, "currency": "EUR"})
with AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2]) as client:
    body = NewProject(request_text="Where does the time go?", template="audit", work_context=context)
    project = projects_create.sync(client=client, body=body)
    ask = lambda: questions_list.sync(client=client, project=project.id).results
    [question] = until(ask)
    answered = questions_answer.sync(client=client, question_id=question.id, body=NewAnswer(answer=45))
    assert answered.status == "ANSWERED", answered
    done = until(lambda: (p := projects_read.sync(client=client, project_id=project.id)).finished_at and p)
    print(f"opened, answered “{question.title}”, {done.status} with {done.items_done} of {done.items_total} items")
"""


def main() -> None:
    """Run every check; the first that fails ends the program with its words."""
    with tempfile.TemporaryDirectory(prefix="interlock-conformance-") as name:
        folder = Path(name)
        document = folder / "openapi.json"
        run(*MANAGE, "spectacular", "--format", "openapi-json", "--validate", "--fail-on-warn", "--file", str(document))
        paths = json.loads(document.read_text())["paths"]
        OpenAPIV31SpecValidator(json.loads(document.read_text())).validate()
        operations = sum(method in ("get", "post", "patch") for path in paths.values() for method in path)
        print(f"OpenAPI 3.1: valid, {len(paths)} paths, {operations} operations")
        print("Generated client:", drive(generated(folder, document), folder))
        print("AsyncAPI 3:", asyncapi(folder))


def generated(folder: Path, document: Path) -> Path:
    """The Python of an environment in which the generated client can be imported."""
    run(sys.executable, "-m", "venv", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "openapi-python-client")
    generator = folder / "venv" / "bin" / "openapi-python-client"
    run(
        str(generator),
        "generate",
        "--path",
        str(document),
        "--meta",
        "none",
        "--output-path",
        str(folder / "interlock_client"),
    )
    return python


def drive(python: Path, folder: Path) -> str:
    """What the client says after a project was opened, answered and finished by a running system."""
    (folder / "drive.py").write_text(CLIENT)
    with running(folder / "data") as (url, key):
        return run(str(python), str(folder / "drive.py"), url, key)


@contextmanager
def running(data: Path) -> Iterator[tuple[str, str]]:
    """The address of a system of its own, and a key to it."""
    os.environ |= {"DATA_DIR": str(data), "LOG_LEVEL": "ERROR"}
    run(*MANAGE, "migrate", "-v0")
    run(*MANAGE, "person", "conformance", "--service", "--role", "operator")
    scopes = [word for scope in ("read", "projects", "questions") for word in ("--scope", scope)]
    key = run(*MANAGE, "apikey", "make", "conformance", "--name", "conformance", *scopes)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        web = f"127.0.0.1:{probe.getsockname()[1]}"
    system = subprocess.Popen([*MANAGE, "up", "--web", web], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://{web}/api/asyncapi/")
        yield f"http://{web}", key
    finally:
        system.terminate()
        system.wait(30)


def wait_for(url: str) -> None:
    """Return once the address answers."""
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  (an address of our own)
            return
        except (URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"{url} does not answer")


def asyncapi(folder: Path) -> str:
    """What the parser of the AsyncAPI initiative says of the document."""
    if shutil.which("npm") is None:
        return "not checked: npm is not installed"
    run("npm", "install", "--silent", "--prefix", str(folder), "@asyncapi/parser")
    (folder / "check.mjs").write_text(ASYNCAPI)
    (folder / "asyncapi.json").write_text(run(sys.executable, "-c", DOCUMENT))
    return "valid, " + run("node", str(folder / "check.mjs"), str(folder / "asyncapi.json"))


DOCUMENT = f"""
import json, os, sys
sys.path.insert(0, {str(ROOT)!r})
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django; django.setup()
from api.asyncapi import document
print(json.dumps(document()))
"""


def run(*words: str) -> str:
    """What the command prints; ends the program where it fails."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words[:4])} … failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
