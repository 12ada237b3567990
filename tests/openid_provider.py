"""A real OpenID provider in a process of its own: django-oauth-toolkit, with people that a test writes into a file.

`python -m tests.openid_provider FOLDER PORT` serves it. `people.json` in the folder says what it claims of each person:
{"name": {"email": …, "email_verified": …, "groups": […]}}; it is read anew for each token. Everybody's password is
PASSWORD. It insists on PKCE.
"""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "password at the provider"
CLIENT_ID, CLIENT_SECRET = "interlock", "secret of the client"
CALLBACK = "/sign-in/sso/callback/"
START_SECONDS = 30.0


@dataclass(frozen=True)
class Provider:
    """A provider that runs: its issuer, and the folder of its people."""

    issuer: str
    folder: Path

    def has(self, name: str, **claims: Any) -> None:
        """Let the provider claim this of the person from now on."""
        path = self.folder / "people.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), name: claims}))


@contextmanager
def openid_provider(folder: Path, port: int) -> Iterator[Provider]:
    """The provider while the block runs."""
    from runtime.processes import tied_to_parent

    folder.mkdir(exist_ok=True)
    (folder / "people.json").write_text("{}")
    words = [sys.executable, "-m", "tests.openid_provider", str(folder), str(port)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(tied_to_parent(words), cwd=ROOT, stdout=log, stderr=log)
    issuer = f"http://127.0.0.1:{port}/o"
    try:
        wait_until(lambda: process.poll() is not None or answers(issuer), START_SECONDS)
        assert process.poll() is None, (folder / "log").read_text()
        yield Provider(issuer, folder)
    finally:
        process.kill()
        process.wait()


def answers(issuer: str) -> bool:
    """Whether the provider is there."""
    try:
        with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


# -- the process of its own ------------------------------------------------------------------------
def settings_of(folder: Path, port: int) -> dict[str, Any]:
    """Django's settings of the provider."""
    return {
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "SECRET_KEY": "of the provider alone",
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "provider.sqlite3")}},
        "INSTALLED_APPS": [
            *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"),
        ],
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [folder]}],
        "ROOT_URLCONF": "tests.openid_pages",
        "LOGIN_URL": "/login/",
        "USE_TZ": True,
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        # A browser sends the cookies of one port of this machine to the others, too.
        "SESSION_COOKIE_NAME": "provider_session",
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "OAUTH2_PROVIDER": {
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": f"http://127.0.0.1:{port}/o",
            "OIDC_RSA_PRIVATE_KEY": private_key(),
            "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "who", "profile": "name", "email": "address"},
            "OAUTH2_VALIDATOR_CLASS": "tests.openid_pages.Claims",
        },
        "PEOPLE": folder / "people.json",
    }


def private_key() -> str:
    """A new key, in PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def main(folder: Path, port: int) -> None:
    """Serve until the process is ended."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.configure(**settings_of(folder, port))
    (folder / "login.html").write_text(
        "<form method=post>{% csrf_token %}{{ form.as_p }}<button>Log in</button></form>"
    )
    django.setup()
    call_command("migrate", verbosity=0)
    make_client()
    call_command("runserver", f"127.0.0.1:{port}", "--noreload", "--skip-checks")


def make_client() -> None:
    """Interlock is a known client, which asks nobody for consent."""
    from oauth2_provider.models import Application

    Application.objects.create(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(f"http://{host}{CALLBACK}" for host in ("testserver", "127.0.0.1", "localhost")),
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
