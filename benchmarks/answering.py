"""From “Answer” pressed in one browser to the item in progress on the board of another, on a running system.

Two people in two browsers: one answers the hourly rate of an audit, the other watches its project's board. Both
clocks are the machine's. Printed: median and 99th percentile, and beside them the time the board's page takes to load,
measured in the same run, as a ratio.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, publish

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "a long enough password"
PRESSED = (
    'addEventListener("submit", () => localStorage.setItem("pressed", performance.timeOrigin + performance.now()))'
)
MOVED = """() => {
  const moved = () => ["IN_PROGRESS", "DONE"].includes(document.querySelector("[data-key=cost]").dataset.state);
  window.moved = null;
  const note = () => { if (!window.moved && moved()) window.moved = performance.timeOrigin + performance.now(); };
  new MutationObserver(note).observe(document.getElementById("board"), { childList: true, subtree: true });
}"""
LOAD = (
    '() => { const [page] = performance.getEntriesByType("navigation"); return page.responseEnd - page.requestStart; }'
)


def main() -> None:
    """Start a system of its own, answer so many questions, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        os.environ |= {"DATA_DIR": folder, "LOG_LEVEL": "ERROR", "DJANGO_SETTINGS_MODULE": "config.settings"}
        measure(options.tries)


def measure(tries: int) -> None:
    """Run the system and the browsers."""
    from playwright.sync_api import sync_playwright

    from tests.chromium import FLAGS, executable

    prepare()
    web = f"127.0.0.1:{free_port()}"
    system = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "up", "--web", web], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(f"http://{web}/sign-in/"), 60)
        pairs = [open_audit() for _ in range(tries)]
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
            report(*answer_all(chromium, f"http://{web}", pairs))
            chromium.close()
    finally:
        system.terminate()
        system.wait(30)


def prepare() -> None:
    """The database and one person."""
    for words in (
        ["migrate", "-v0"],
        ["createsuperuser", "--noinput", "--username", "ann", "--email", "ann@example.com"],
    ):
        environment = {**os.environ, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
        subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words], env=environment, check=True, capture_output=True
        )


def open_audit() -> str:
    """The id of a new audit that will ask for its hourly rate."""
    words = [sys.executable, str(ROOT / "manage.py"), "intake", "--file", str(ROOT / "examples/finance_month.csv")]
    said = subprocess.run([*words, "--currency", "EUR"], check=True, capture_output=True, text=True)
    return said.stdout.split("manage.py project ")[-1].split()[0]


def answer_all(chromium: Any, base: str, projects: list[str]) -> tuple[list[float], list[float]]:
    """Milliseconds from the press to the move, and of loading the board's page, one of each a try."""
    answering, watching = (signed_in(chromium, base) for _ in range(2))
    answering.add_init_script(PRESSED)
    moves, loads = [], []
    for _ in projects:
        answering.goto(f"{base}/admin/clarifications/question/?whose=all")
        answering.click("#result_list tbody th a >> nth=0")
        watching.goto(base + answering.get_attribute("a[href*='/backlog/project/']:not(.ways a)", "href"))
        loads.append(watching.evaluate(LOAD))
        watching.locator("[data-key=friction][data-state=DONE]").wait_for(timeout=20000)
        watching.evaluate(MOVED)
        answering.fill("[name=answer]", "45")
        answering.click("button[value=stay]")
        wait_until(lambda: watching.evaluate("window.moved") is not None, 20)
        moves.append(watching.evaluate("window.moved") - float(answering.evaluate("localStorage.getItem('pressed')")))
        watching.locator("[data-key=report][data-state=DONE]").wait_for(timeout=20000)
    return moves, loads


def signed_in(chromium: Any, base: str) -> Any:
    """A page of a browser in which the person is signed in."""
    page = chromium.new_context().new_page()
    page.goto(f"{base}/sign-in/")
    page.fill("[name=username]", "ann")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    return page


def report(moves: list[float], loads: list[float]) -> None:
    """Publish the figures."""
    moves.sort()
    middle, load = statistics.median(moves), statistics.median(loads)
    worst = moves[min(len(moves) - 1, round(0.99 * len(moves)))]
    name = f"“Answer” pressed → item in progress on another's board, {len(moves)} times"
    figures = (("median", middle), ("99th percentile", worst))
    publish([Figure(f"{name}, {what}", taken, "ms", load, "to load it") for what, taken in figures])


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Whether the web answers."""
    try:
        return bool(urllib.request.urlopen(url, timeout=2).status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until(condition: Any, seconds: float) -> None:
    """Raise TimeoutError unless the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing happened in {seconds} s")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
