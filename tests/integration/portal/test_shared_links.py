"""A report shared by a link: who may make it, what it shows, how it ends, and what is recorded."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit import AuditRecord
from accounts.models import User
from accounts.roles import OPERATOR
from backlog.models import Project
from reports import sharing
from reports.models import SharedLink
from telemetry.log_lines import formatter
from tests.delivered import ROWS, deliver_all, full_contents, know

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
SignIn = Callable[..., Client]
ADDRESS = re.compile(r'value="(http[^"]+/shared/[^"]+)"')


@pytest.fixture
def project(rita: Client, opened: Opened) -> Project:
    """Rita's project with everything that an analysis may deliver."""
    project = opened(title="Time at the loan desk")
    know(project, currency="EUR", hourly_rate=45, period={"type": "month"}, rows=ROWS)
    deliver_all(project, full_contents())
    return project


def shared(client: Client, project: Project, days: int = 30, note: str = "the board") -> str:
    """The path of a link that this person makes on the page."""
    response = client.post(reverse("portal:share", args=[project.pk]), {"days": days, "note": note})
    found = ADDRESS.search(response.content.decode())
    assert found, response.content.decode()
    return found[1].removeprefix("http://testserver")


def revoke(client: Client, project: Project, link: SharedLink) -> Any:
    """Press the button that revokes the link."""
    return client.post(reverse("portal:revoke-link", args=[project.pk, link.pk]))


def test_a_link_shows_the_report_to_somebody_who_is_not_signed_in(rita: Client, project: Project) -> None:
    path = shared(rita, project)
    stranger = Client()
    text = stranger.get(path).content.decode()
    assert "Time at the loan desk" in text
    assert "Main findings" in text
    assert not stranger.cookies
    pdf = stranger.get(f"{path}report.pdf")
    assert pdf.content.startswith(b"%PDF")


def test_the_shared_page_leads_nowhere_else(rita: Client, project: Project) -> None:
    text = Client().get(shared(rita, project)).content.decode()
    main = text[text.index("<main") :]
    leads = [target for target in re.findall(r'href="([^"]+)"', main) if not target.startswith("#")]
    assert all(target.startswith("/shared/") for target in leads), leads
    assert "<form" not in main
    assert "/rows/" not in main
    assert "Annex for staff" not in main


def test_a_shared_page_is_neither_kept_nor_indexed_nor_told_to_other_sites(rita: Client, project: Project) -> None:
    path = shared(rita, project)
    for address in (path, f"{path}report.pdf", "/shared/nonsense/"):
        response = Client().get(address)
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["X-Robots-Tag"].startswith("noindex")


def test_the_address_is_shown_once_and_only_its_digest_is_stored(rita: Client, project: Project) -> None:
    token = shared(rita, project).split("/")[2]
    assert len(token) >= 43
    link = SharedLink.objects.get()
    assert link.digest == sharing.token_digest(token)
    assert token not in str(vars(link))
    for page in ("report", "share"):
        assert token not in rita.get(reverse(f"portal:{page}", args=[project.pk])).content.decode()
    assert not [record for record in AuditRecord.objects.all() if token in record.details]
    session = rita.session
    assert token not in str(dict(session.items()))


@pytest.mark.parametrize("path", ["", "report.pdf"])
def test_a_link_that_is_revoked_expired_or_invented_shows_nothing(rita: Client, project: Project, path: str) -> None:
    address = shared(rita, project) + path
    link = SharedLink.objects.get()
    SharedLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(address).status_code == 410
    SharedLink.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert Client().get(address).status_code == 200
    assert revoke(rita, project, link).status_code == 302
    refused = Client().get(address)
    assert refused.status_code == 410
    assert "ask the person who gave it to you for a new one" in refused.content.decode()
    assert Client().get(f"/shared/{'x' * 43}/{path}").status_code == 404


def test_a_link_lives_for_the_days_of_the_setting_or_as_its_maker_chose(
    rita: Client, project: Project, settings: Any
) -> None:
    settings.SHARED_LINK_DAYS = 12
    assert 'value="12"' in rita.get(reverse("portal:share", args=[project.pk])).content.decode()
    shared(rita, project, days=3)
    assert SharedLink.objects.get().expires_at - timezone.now() < timedelta(days=3)
    link, _token = sharing.make_link(project, by=User.objects.get(username="rita"))
    assert timedelta(days=11) < link.expires_at - timezone.now() < timedelta(days=12)


@pytest.mark.parametrize("days", ["0", "366", "soon", ""])
def test_another_lifetime_is_refused_beside_the_field(rita: Client, project: Project, days: str) -> None:
    response = rita.post(reverse("portal:share", args=[project.pk]), {"days": days})
    assert "refused" in response.content.decode()
    assert not SharedLink.objects.exists()


def test_who_may_see_the_project_sees_its_links_and_only_its_owner_and_operators_share(
    rita: Client, rob: Client, ann: Client, sign_in: SignIn, project: Project
) -> None:
    shared(rita, project, note="the board")
    link, otto = SharedLink.objects.get(), sign_in("otto", OPERATOR)
    for reader in (rita, ann, otto):
        assert "the board" in reader.get(reverse("portal:report", args=[project.pk])).content.decode()
    assert rob.get(reverse("portal:share", args=[project.pk])).status_code == 404
    assert revoke(rob, project, link).status_code == 404
    assert (
        "Only the person who sent this request" in ann.get(reverse("portal:share", args=[project.pk])).content.decode()
    )
    ann.post(reverse("portal:share", args=[project.pk]), {"days": 1})
    revoke(ann, project, link)
    assert SharedLink.objects.get().revoked_at is None
    shared(otto, project)
    revoke(otto, project, link)
    assert SharedLink.objects.get(pk=link.pk).revoked_at is not None


def test_making_opening_and_revoking_are_in_the_audit_log(rita: Client, project: Project) -> None:
    path = shared(rita, project)
    for _again in range(3):
        Client().get(path)
    revoke(rita, project, SharedLink.objects.get())
    records = AuditRecord.objects.filter(action__startswith="link-").order_by("pk")
    assert [(record.action, record.actor, record.count) for record in records] == [
        ("link-made", "rita", 1),
        ("link-opened", "", 3),
        ("link-revoked", "rita", 1),
    ]
    assert all("the board" in record.details and str(project.pk) in record.details for record in records)


def test_the_list_counts_how_often_a_link_was_opened(rita: Client, project: Project) -> None:
    path = shared(rita, project)
    for _again in range(2):
        Client().get(path)
    Client().head(path)
    link = SharedLink.objects.get()
    assert link.opened_count == 2
    assert link.last_opened_at is not None


def test_a_program_that_looks_at_the_link_changes_nothing_but_the_count(rita: Client, project: Project) -> None:
    path = shared(rita, project)
    before = SharedLink.objects.values("digest", "expires_at", "revoked_at", "note").get()
    for method in ("get", "head", "post", "put", "delete"):
        getattr(Client(), method)(path)
    assert SharedLink.objects.values("digest", "expires_at", "revoked_at", "note").get() == before
    assert Client().post(path).status_code == 405


def test_a_report_has_a_bounded_number_of_usable_links(
    rita: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MOST_LIVE_LINKS", 1)
    shared(rita, project)
    response = rita.post(reverse("portal:share", args=[project.pk]), {"days": 3})
    assert "Revoke one of them first" in response.content.decode()
    revoke(rita, project, SharedLink.objects.get())
    shared(rita, project)


def test_the_address_is_masked_in_the_log() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "GET %s", ("/shared/s3cret-Token/report.pdf",), None)
    assert formatter("text").format(record).endswith("GET /shared/…/report.pdf")


def test_a_link_to_a_report_without_deliverables_says_that_it_grows(rita: Client, opened: Opened) -> None:
    path = shared(rita, opened())
    assert "Nothing was delivered yet" in Client().get(path).content.decode()
    assert Client().get(f"{path}report.pdf").status_code == 409
