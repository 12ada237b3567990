#!/usr/bin/env python
"""The documentation as a site in var/site: the pages of docs/, those of the project's root, and a reference.

The reference is made from the code: REST from the OpenAPI document, commands from their parsers, settings from
`.env.example`. Every link is checked before the site is built.
"""

import os
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES, SITE = ROOT / "var" / "docs", ROOT / "var" / "site"
# Pages of the root: their names in the site.
OF_ROOT = {"SECURITY.md": "security.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
LINK = re.compile(r"\]\((?!https?:|mailto:)([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"^# ([A-Z][A-Z0-9_]+)=([^#]*)(?:#\s?(.*))?$")
OPTIONS_OF_ALL = {
    "help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks",
}  # fmt: skip


# -- collecting ------------------------------------------------------------------------------------
def collect(target: Path) -> None:
    """Put all pages of the site into the folder, which is emptied first."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "docs", target)
    for name, page in OF_ROOT.items():
        (target / page).write_text((ROOT / name).read_text())
    reference = target / "reference"
    reference.mkdir()
    (reference / "rest.md").write_text(rest_page())
    (reference / "commands.md").write_text(commands_page())
    (reference / "settings.md").write_text(settings_page((ROOT / ".env.example").read_text()))
    for path in target.rglob("*.md"):
        text = path.read_text()
        path.write_text(LINK.sub(lambda match, at=path: f"]({in_site(match[1], at, target)})", text))


def in_site(link: str, page: Path, target: Path) -> str:
    """Return where a link of the page leads to in the site; a file outside the documentation is copied beside it."""
    address, mark, anchor = link.partition("#")
    of_root = page.name in OF_ROOT.values() and page.parent == target
    if not address or (not of_root and not address.startswith("../")):
        return link
    origin = ROOT if of_root else ROOT / "docs" / page.parent.relative_to(target)
    file = (origin / address).resolve()
    if not file.is_relative_to(ROOT) or not file.is_file():
        return link
    if file.is_relative_to(ROOT / "docs"):
        place = target / file.relative_to(ROOT / "docs")
    else:
        place = target / OF_ROOT.get(file.name, f"files/{file.name}")
        if file.name not in OF_ROOT:
            place.parent.mkdir(exist_ok=True)
            shutil.copy(file, place)
    return os.path.relpath(place, page.parent) + mark + anchor


# -- the reference ---------------------------------------------------------------------------------
def rest_page() -> str:
    """Return the page of all REST calls."""
    from drf_spectacular.generators import SchemaGenerator

    document = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    lines = [
        "# REST reference",
        "",
        "All calls, from the OpenAPI document. The document itself, with every field, is at `/api/schema/` of an "
        "installation, and `/api/docs/` shows it as a page to try. What holds for all calls: "
        "[For integrators](../tutorials/integrator.md).",
    ]
    calls: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            row = f"| `{method.upper()} {path}` | {in_cell(call.get('summary') or call.get('description', ''))} |"
            calls.setdefault((call.get("tags") or ["other"])[0], []).append(row)
    for tag, rows in calls.items():
        lines += ["", f"## {tag.capitalize()}", "", "| call | what it does |", "|---|---|", *rows]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Return the page of all commands of the project."""
    from django.apps import apps
    from django.core.management import get_commands, load_command_class

    own = {config.name for config in apps.get_app_configs() if Path(config.path).parent == ROOT}
    lines = ["# Commands", "", "Each is run as `./manage.py COMMAND`; `--help` says the same in a terminal."]
    for name, app in sorted(get_commands().items()):
        if app in own:
            parser = load_command_class(app, name).create_parser("manage.py", name)
            lines += ["", f"## {name}", "", *about_parser(parser)]
    return "\n".join(lines) + "\n"


def about_parser(parser: ArgumentParser) -> Iterator[str]:
    """Yield the lines about a command: what it does, its arguments, and those of its sub-commands."""
    yield in_cell(parser.description or "")
    rows, inner = [], []
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            inner = [(name, sub) for name, sub in action.choices.items()]
        elif action.dest not in OPTIONS_OF_ALL:
            name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
            value = str(action.metavar or "") if action.option_strings and action.nargs != 0 else ""
            words = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
            rows.append(f"| `{in_cell(f'{name} {value}'.strip())}` | {in_cell(words)} |")
    if rows:
        yield from ("", "| argument | |", "|---|---|", *rows)
    for name, sub in inner:
        yield from ("", f"### {parser.prog.split()[1]} {name}", "", *about_parser(sub))


def settings_page(example: str) -> str:
    """Return the page of all variables, from `.env.example`."""
    opening, *groups = re.split(r"^# -- ", example, flags=re.MULTILINE)
    lines = ["# Settings", "", " ".join(line.lstrip("# ") for line in opening.splitlines()).strip()]
    for group in groups:
        title, _end, body = group.partition("\n")
        lines += ["", f"## {title.strip()}", "", "| variable | default | |", "|---|---|---|"]
        for line in body.splitlines():
            if found := VARIABLE.match(line):
                lines.append(f"| `{found[1]}` | {code(found[2])} | {in_cell(found[3] or '')} |")
            elif line.strip("# ") and lines[-1].endswith(" |"):
                lines[-1] = f"{lines[-1].removesuffix('|')}{in_cell(line.strip('# '))} |"
    return "\n".join(lines) + "\n"


def code(value: str) -> str:
    """Return the value as code; nothing if it is empty."""
    return f"`{value.strip()}`" if value.strip() else ""


def in_cell(text: str) -> str:
    """Return the text in one line, for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


# -- checking --------------------------------------------------------------------------------------
def dead_links(pages: Path) -> list[str]:
    """Return what is wrong with the links between the pages: a file or a heading that is not there."""
    texts = {path: path.read_text() for path in pages.rglob("*.md")}
    anchors = {
        path: {anchor_of(words) for words in HEADING.findall(CODE.sub("", text))} for path, text in texts.items()
    }
    return [
        f"{path.relative_to(pages)}: {link}"
        for path, text in sorted(texts.items())
        for link in LINK.findall(CODE.sub("", text))
        if not leads_somewhere(link, path, anchors)
    ]


def leads_somewhere(link: str, page: Path, anchors: Mapping[Path, set[str]]) -> bool:
    """Return True if the file of the link is there, and the heading that it names."""
    address, _mark, anchor = link.partition("#")
    file = (page.parent / address).resolve() if address else page
    if not file.is_file():
        return False
    return not anchor or anchor in anchors.get(file, set())


def anchor_of(heading: str) -> str:
    """Return the anchor that a forge and the site give to a heading."""
    words = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-")


def main() -> int:
    """Collect, check and build; return the exit code."""
    import django

    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    collect(PAGES)
    if dead := dead_links(PAGES):
        print("Links that lead nowhere:", *dead, sep="\n  ")
        return 1
    built = subprocess.run([Path(sys.executable).with_name("zensical"), "build", "--clean", "--strict"], cwd=ROOT)
    if built.returncode == 0:
        print(f"The documentation is in {SITE.relative_to(ROOT)}/index.html")
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
