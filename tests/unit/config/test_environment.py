"""The environment: every variable with a bad value, misspelt names, and the names of other programs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from config.settings import ENVIRONMENT
from environment import variables
from environment.variables import Environment, InvalidVariable, Kind, misspelt, read_file
from tests.house import rooms

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / ".env.example").read_text()
# What no kind of variable takes, and whether it is one that may hold a secret.
BAD = {
    **dict.fromkeys(
        ["DEBUG", "BEHIND_TLS", "HSTS_SUBDOMAINS", "LOG_EVENTS", "OIDC_LINK_BY_ADDRESS", "OIDC_SECOND_FACTOR"], "ture"
    ),
    "OIDC_ISSUER": "http://login.example.org",
    "OIDC_ROLES": "requester",
    "OIDC_SCOPES": "email",
    **dict.fromkeys(["OIDC_CLIENT_ID", "OIDC_NAME", "OIDC_GROUPS_CLAIM"], "one\x07"),
    "REQUIRE_SECOND_FACTOR": "all",
    "FOUR_EYES": "waive, delete",
    **dict.fromkeys(["NAMESPACE", "STREAM_NAME", "DLQ_STREAM", "SERVICE_INSTANCE"], "two words"),
    **dict.fromkeys(["ALLOWED_HOSTS", "WEBHOOK_ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"], "ftp://a.example/x y"),
    **dict.fromkeys(
        [
            *("DATABASE_URL", "REDIS_URL", "CACHE_URL", "CHANNEL_URL", "EMAIL_URL"),
            *("LLM_ANTHROPIC_URL", "LLM_OPENAI_URL", "LLM_GOOGLE_URL", "LLM_COMPATIBLE_URL"),
        ],
        "gopher://me:geheim@example.org:port/x",
    ),
    **dict.fromkeys(["SECRET_KEY", "EMBEDDED_BROKER_PASSWORD", "OIDC_CLIENT_SECRET"], "geheim\x07"),
    **dict.fromkeys(["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GOOGLE_API_KEY", "LLM_COMPATIBLE_KEY"], "geheim\x07"),
    "LLM_ORDER": "claude",
    **dict.fromkeys(["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"], "geheim\x07"),
    **dict.fromkeys(["SLACK_API_URL", "TEAMS_WEBHOOK_URL"], "http://example.org/geheim"),
    "METRICS_TOKEN": "geheim",
    "PUSH_PRIVATE_KEY": "geheim",
    "ENCRYPTION_KEY": "geheim",
    "ENCRYPTION_KEY_WRAPPER": "no class",
    "METRICS_FROM": "10.0.0.1/8",
    "LOG_FORMAT": "xml",
    "EVENT_APPROVERS": "one\x07",
    "UNSIGNED_EVENTS": "some",
    "TRUSTED_PROXIES": "the proxy",
    **dict.fromkeys(["DATA_DIR", "QUARANTINE_DIR"], "/dev/null/folder"),
    "CLAMD": "scanner.example:port",
    "HEALTH_FROM": "example.org",
    "LOG_LEVEL": "loud",
    **dict.fromkeys(["PUBLIC_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"], "example.org"),
    "DEFAULT_FROM_EMAIL": "nobody",
    **dict.fromkeys(["EMBEDDED_BROKER_BIND", "METRICS_BIND"], "everywhere"),
}
READ_BY_SETTINGS = sorted(ENVIRONMENT.names - {*variables.READ_ELSEWHERE, *variables.IN_PLACE_OF_REDIS_URL})
NUMBERS = ["eighty", "-1", "nan", "inf", "1e400", "99999999999999999999", " ", "1,5"]

FOREIGN = (
    "AWS_REGION", "BUILD_NUMBER", "CI", "CI_COMMIT_SHA", "CI_JOB_ID", "COLORTERM", "COLUMNS", "DATABASE_NAME",
    "DATABASE_URI", "DATABASE_USER", "DATADIR", "DBUS_SESSION_BUS_ADDRESS", "DEBIAN_FRONTEND", "DEBUG_COLORS",
    "DISPLAY", "DJANGO_SECRET_KEY", "DJANGO_SUPERUSER_PASSWORD", "DOCKER_HOST", "EDITOR", "EMAIL", "EMAIL_HOST",
    "EMAIL_PORT", "GITHUB_ACTIONS", "GITHUB_TOKEN", "GITLAB_CI", "HOME", "HOSTNAME", "HTTPS_PROXY", "JENKINS_URL",
    "KUBERNETES_SERVICE_HOST", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "LOGLEVEL", "LOGNAME", "LOG_FILE",
    "LS_COLORS", "MAIL", "MAIL_URL", "NAME", "NODE_ENV", "OLDPWD", "PATH", "PGDATABASE", "PGHOST", "PGPASSWORD",
    "PIP_INDEX_URL", "PORT", "POSTGRES_PASSWORD", "POSTGRES_URL", "PUBLIC_IP", "PWD", "PYTHONPATH", "REDIS_PASS",
    "REDIS_PORT_6379_TCP", "REDIS_SERVICE_HOST", "REDIS_TLS_URL", "REDIS_URI", "SENTRY_DSN", "SERVICE_NAME", "SHELL",
    "SSH_AUTH_SOCK", "STREAM", "TERM", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV", "WEB_CONCURRENCY", "XDG_DATA_DIRS",
    "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "YARN_VERSION",
)  # fmt: skip


def refusal(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    """What is said when the settings are read with this value."""
    monkeypatch.setenv(name, value)
    source = (ROOT / "config" / "settings.py").read_text()
    with pytest.raises(InvalidVariable) as refused:
        exec(compile(source, "settings", "exec"), {"__file__": str(ROOT / "config" / "settings.py")})
    return str(refused.value)


@pytest.mark.parametrize("name", READ_BY_SETTINGS)
def test_a_bad_value_is_refused_in_a_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for value in [BAD[name]] if name in BAD else NUMBERS:
        said = refusal(monkeypatch, name, value)
        assert re.match(rf"{name} .*cannot be read\. Allowed: .+\.$", said), said
        assert ("geheim" in value) or f"is {value!r}" in said
        assert "geheim" not in said


def test_a_bad_redis_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert "REDIS_HOST is 'redis://" in refusal(monkeypatch, "REDIS_HOST", "redis://example.org")


@pytest.mark.parametrize("name", variables.IN_PLACE_OF_REDIS_URL[1:])
def test_a_bad_value_beside_redis_host_is_refused_and_no_matter_without_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv(name, "tcp://10.0.0.1:6379\x07")
    exec((ROOT / "config" / "settings.py").read_text(), {"__file__": str(ROOT / "config" / "settings.py")})
    monkeypatch.setenv("REDIS_HOST", "example.org")
    assert refusal(monkeypatch, name, "tcp://10.0.0.1:6379\x07").startswith(f"{name} ")


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert Environment({"DEBUG": "", "BATCH_SIZE": ""}).int("BATCH_SIZE", 200) == 200


def test_a_file_holds_the_value_and_its_last_line_break_is_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim\n")
    assert Environment({"SECRET_KEY_FILE": str(tmp_path / "secret")}).str("SECRET_KEY") == "geheim"
    with pytest.raises(InvalidVariable, match="SECRET_KEY_FILE names .*nowhere"):
        Environment({"SECRET_KEY_FILE": str(tmp_path / "nowhere")}).str("SECRET_KEY")


def test_the_example_names_every_variable_and_says_what_it_does() -> None:
    named = re.findall(r"^# ([A-Z_]+)=(?:.* # *(\S.*))?", EXAMPLE, re.MULTILINE)
    assert {name for name, _words in named} == ENVIRONMENT.names - set(variables.READ_ELSEWHERE)
    assert [name for name, words in named if not words] == []


def test_the_example_shows_the_defaults_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults: dict[str, tuple[Kind[Any], Any]] = {}
    read = Environment.read

    def recorded(env: Environment, name: str, kind: Kind[Any], default: Any) -> Any:
        defaults[name] = (kind, default)
        return read(env, name, kind, default)

    monkeypatch.setattr(Environment, "read", recorded)
    exec((ROOT / "config" / "settings.py").read_text(), {"__file__": str(ROOT / "config" / "settings.py")})
    shown = re.findall(r"^# ([A-Z_]+)=(\S.*?)(?: +# .*)?$", EXAMPLE, re.MULTILINE)
    # Where the default of DATA_DIR is, depends on where Interlock is; the others are read without REDIS_URL only.
    others = {"DATA_DIR", *variables.IN_PLACE_OF_REDIS_URL}
    wrong = [name for name, text in shown if name not in others and defaults[name][0].read(text) != defaults[name][1]]
    assert (wrong, len(shown) > 80) == ([], True)


def test_nothing_reads_the_environment_beside_the_register() -> None:
    texts = [path.read_text() for room in rooms() for path in (ROOT / room).rglob("*.py")]
    read = {name for text in texts for name in re.findall(r"(?:environ(?:\.get)?|getenv)[(\[]\W?([A-Z_]+)", text)}
    constants = {
        "ENV_FILE": "INTERLOCK_ENV_FILE", "FOLDER_VARIABLE": "INTERLOCK_DEMO_DIR",
        "PASSWORD_VARIABLE": "PERSON_PASSWORD", "KEY_VARIABLE": "INTERLOCK_KEY",
    }  # fmt: skip
    assert {constants.get(name, name) for name in read} <= ENVIRONMENT.names


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("DATABSE_URL", "DATABASE_URL"),
        ("REDIS_ULR", "REDIS_URL"),
        ("WEBHOOKS_ALLOWED_HOST", "WEBHOOK_ALLOWED_HOSTS"),
        ("ALLOWED_HOST", "ALLOWED_HOSTS"),
        ("SECRET_KYE_FILE", "SECRET_KEY_FILE"),
        ("REDIS_PASWORD", "REDIS_PASSWORD"),
    ],
)
def test_a_misspelt_name_is_told_with_the_right_one(given: str, meant: str) -> None:
    names = {*ENVIRONMENT.names}
    assert misspelt([given], names) == {given: meant}
    assert misspelt([given, meant], names) == {}
    with pytest.raises(InvalidVariable, match=f"{given} is set.*It reads {meant}"):
        ENVIRONMENT.__class__.refuse_misspelt(with_names(Environment({given: "x"}), names))


def with_names(one: Environment, names: set[str]) -> Environment:
    """The environment, all of whose names are known."""
    one.names = names
    return one


def test_the_names_of_other_programs_and_of_ours_are_no_slips() -> None:
    assert len(FOREIGN) >= 40
    assert misspelt(FOREIGN, ENVIRONMENT.names) == {}
    for name in ENVIRONMENT.names:
        assert misspelt([name], ENVIRONMENT.names) == {}


def test_a_line_of_the_env_file_that_cannot_be_read_is_told_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    read_file(file)
    file.write_text("# fine\n\nNAMESPACE=audit\nSECRET_KEY: geheim\n")
    with pytest.raises(InvalidVariable, match=r"Line 4 of .*\.env cannot be read") as refused:
        read_file(file)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(("name", "value"), [("DEBUG", "ture"), ("DATABSE_URL", "x"), ("REDIS_URL", "localhost:1")])
def test_a_command_ends_with_the_sentence_alone(name: str, value: str) -> None:
    environ = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(settings.DATA_DIR), name: value}
    command = [sys.executable, str(ROOT / "manage.py"), "projects"]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert ended.returncode == 1
    assert re.fullmatch(rf"{name} .*\n", ended.stderr)
    assert ended.stdout == ""
