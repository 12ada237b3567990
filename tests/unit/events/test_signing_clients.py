"""The clients in Python, JavaScript and a shell sign what the server accepts."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings
from interlock_client.signing import Signer
from playwright._impl._driver import compute_driver_executable

from events import signatures

ROOT = Path(settings.BASE_DIR)
KEY = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
EVENT = {"event_id": "1", "payload": {"text": "Où passe notre temps ?"}}
SCRIPT = """
import { Signer } from "%s/clients/typescript/signing.mjs";
const signer = Signer.fromEnvironment();
const { event, kid, sig } = signer.fields(%s);
console.log(JSON.stringify({ event: event.toString(), kid, sig, public: signer.publicKey }));
"""


@pytest.fixture(params=["base64", "PEM", "PEM in a file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a producer, with its key in each form."""
    (tmp_path / "key.pem").write_text(PEM)
    keys = {
        "base64": {"PRODUCER_KEY": "Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc="},
        "PEM": {"PRODUCER_KEY": PEM},
        "PEM in a file": {"PRODUCER_KEY_FILE": str(tmp_path / "key.pem")},
    }
    return {"NAMESPACE": settings.NAMESPACE, "STREAM_NAME": settings.STREAM_NAME, **keys[request.param]}


def require_accepted(wire: bytes, kid: str, signature: bytes, public_key: str) -> None:
    """Hold the entry to what the server checks, and a changed one too."""
    assert json.loads(wire) == EVENT
    assert kid == signatures.key_id(public_key)
    assert signatures.fits(wire, signature, public_key)
    assert not signatures.fits(wire + b" ", signature, public_key)


def test_the_python_client_signs_what_the_server_accepts(place: dict[str, str]) -> None:
    signer = Signer.from_environment(place)
    fields = signer.fields(EVENT)
    require_accepted(fields["event"], fields["kid"].decode(), fields["sig"], signer.public_key)


def test_the_javascript_client_signs_what_the_server_accepts(place: dict[str, str]) -> None:
    node = compute_driver_executable()[0]
    script = SCRIPT % (ROOT, json.dumps(EVENT))
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], env=place, check=True, capture_output=True, text=True
    )
    said: dict[str, Any] = json.loads(done.stdout)
    require_accepted(said["event"].encode(), said["kid"], said["sig"].encode(), said["public"])


def test_the_lines_of_the_documentation_sign_what_the_server_accepts(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("There is no openssl here.")
    lines = (ROOT / "docs" / "producers.md").read_text().split("With a shell:\n\n```sh\n")[1].split("```")[0]
    lines = lines.replace("audit:events", settings.STREAM_NAME).replace("0audit", f"0{settings.NAMESPACE}")
    (tmp_path / "event.json").write_text(json.dumps(EVENT))
    done = subprocess.run(["bash", "-ec", lines], cwd=tmp_path, check=True, capture_output=True)
    public = signatures.read_public_key((tmp_path / "tickets.pub").read_text())
    require_accepted((tmp_path / "event.json").read_bytes(), signatures.key_id(public), done.stdout.strip(), public)


def test_a_public_key_is_read_as_pem_and_as_base64_and_another_kind_is_refused() -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    plain = signatures.in_base64(KEY.public_key())
    assert signatures.read_public_key(pem) == signatures.read_public_key(f" {plain}\n") == plain
    for text in (PEM, "no key", "", plain[:20], pem.replace("MCow", "MCox"), "-----BEGIN PUBLIC KEY-----\né"):
        with pytest.raises(signatures.NoPublicKey):
            signatures.read_public_key(text)


def test_a_client_without_a_key_says_what_to_set() -> None:
    with pytest.raises(ValueError, match="Set PRODUCER_KEY_FILE"):
        Signer.from_environment({})
