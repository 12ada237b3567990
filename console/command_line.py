"""The command line as a whole: Django's, with Interlock's version, and a help that begins with Interlock's commands."""

import gc
import sys
from textwrap import fill

from django.conf import settings
from django.core.management import ManagementUtility, get_commands, load_command_class
from django.core.management.base import BaseCommand

from config.version import current_version

HELP = """\
Interlock {version} turns requests into work, asks a person when something is missing, and carries on with the answer.

  {command} demo              see it work: one project, from the request to the report
  {command} up                start the whole system, and keep it running
  {command} COMMAND --help    show the options of a command

Commands:
{own}

Commands of Django and of the libraries:
{others}

Data: {data}
Settings: environment variables; {variables} describes each.
"""

# The rooms that have commands, and the one command that serves pages.
OWN, WITH_PAGES = ("accounts", "console", "runtime"), "web"
# The tag of the checks in the `checks.py` of each room: of settings and contracts.
OF_SETTINGS = "settings"

# New objects after which Python looks for garbage among them.
NEW_OBJECTS = 10_000


class CommandLine(ManagementUtility):
    """Runs the command that the arguments name."""

    def execute(self) -> None:
        """Run it. `--version` is answered before the settings are read."""
        if self.argv[1:] in (["--version"], ["version"]):
            sys.stdout.write(f"{current_version()}\n")
        else:
            super().execute()

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Return the command; from now on there may be garbage (`manage.py` has turned the search for it off).

        One of ours checks the settings alone before it runs, unless it serves pages.

        Django's other checks load every page and the REST interface, which takes longer than most of the commands.
        """
        command = super().fetch_command(subcommand)
        is_own = type(command).__module__.partition(".")[0] in OWN
        if is_own and subcommand != WITH_PAGES and command.requires_system_checks:
            command.requires_system_checks = [OF_SETTINGS]
        gc.freeze()
        # After 700 new objects, as Python has it, each event would make it look for garbage: a twentieth of the CPU.
        gc.set_threshold(NEW_OBJECTS, 10, 10)
        gc.enable()
        return command

    def main_help_text(self, commands_only: bool = False) -> str:
        """Return the help for the whole program; only the names of all commands with `commands_only`."""
        return super().main_help_text(commands_only=True) if commands_only else help_text()


def help_text() -> str:
    """Return how to begin, what each command of Interlock does, and where data and settings are."""
    commands = get_commands()
    own = sorted(name for name, app in commands.items() if (settings.BASE_DIR / app).is_dir())
    return HELP.format(
        version=current_version(),
        command=settings.COMMAND,
        own="\n".join(f"  {name:12} {summary(commands[name], name)}" for name in own),
        others=fill(" ".join(sorted(set(commands) - set(own))), 100, initial_indent="  ", subsequent_indent="  "),
        data=settings.DATA_DIR,
        variables=settings.BASE_DIR / ".env.example",
    ).rstrip()


def summary(app: str, name: str) -> str:
    """Return the first sentence of the command's help."""
    return f"{load_command_class(app, name).help.partition('. ')[0].rstrip('.')}."
