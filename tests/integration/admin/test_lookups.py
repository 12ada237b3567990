"""What may be asked of an admin list in its address: nothing slow, nothing secret, nothing that breaks."""

import time
from collections import Counter

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from backlog.models import Project, Template

pytestmark = pytest.mark.django_db

COMPARISONS = [
    *("regex", "iregex", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "iexact"),
    *("year", "date", "range", "week_day", "gt", "exact"),
]
VALUES = {"regex": "^(a|a)*$", "iregex": "(a", "year": "99999", "range": "1,2"}
admin.autodiscover()
PAGES = [(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist", m) for m in admin.site._registry]


@pytest.fixture
def root(client: Client) -> Client:
    """Somebody who may see every list."""
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.mark.parametrize(("page", "model"), PAGES, ids=[page for page, _ in PAGES])
def test_no_field_of_any_list_is_compared_in_a_way_that_is_slow_or_breaks(root: Client, page: str, model: type) -> None:
    shown, asked = admin.site._registry[model], Counter[bool]()
    for field in [f.name for f in model._meta.concrete_fields]:
        for comparison in COMPARISONS:
            lookup = f"{field}__{comparison}"
            allowed = shown.lookup_allowed(lookup, "1", None)
            assert not allowed or comparison in ("gt", "exact"), lookup
            if allowed or asked[False] < len(COMPARISONS):  # what is refused is refused in one place, before all else
                asked[allowed] += 1
                status = root.get(reverse(page), {lookup: VALUES.get(comparison, "1")}).status_code
                assert status in ((200, 302, 400) if allowed else (400,)), (lookup, status)


@pytest.mark.parametrize(
    "field", ["secret", "digest", "password", "user__password", "owner__password", "event__payload"]
)
def test_what_no_page_shows_is_compared_in_no_way(field: str) -> None:
    for comparison in (*COMPARISONS, "gte", "lt", "lte", "in", "isnull"):
        assert not any(
            page.lookup_allowed(f"{field}__{comparison}", "1", None) for page in admin.site._registry.values()
        )


def test_a_title_made_for_a_slow_expression_freezes_nothing(root: Client) -> None:
    from django.utils import timezone

    Project.objects.create(title="a" * 28 + "b", template=Template.objects.first(), opened_at=timezone.now())
    begun = time.process_time()
    assert root.get(reverse("admin:backlog_project_changelist"), {"title__regex": "^(a|a)*$"}).status_code == 400
    assert time.process_time() - begun < 2


def test_the_lists_that_pages_of_ours_link_to_still_open(root: Client) -> None:
    home = root.get(reverse("admin:index")).content.decode()
    links = {part.split('"')[0].replace("&amp;", "&") for part in home.split('href="')[1:] if "?" in part.split('"')[0]}
    assert links
    assert {root.get(link).status_code for link in links if link.startswith("/admin/")} == {200}
