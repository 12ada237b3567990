"""The list of all pages of the staff is made for the pages that show it."""

from collections.abc import Callable

import pytest
from django.contrib.admin import AdminSite
from django.test import Client
from django.urls import reverse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


@pytest.mark.parametrize(("page", "times"), [("app_list", 1), ("index", 1), ("backlog_project_changelist", 0)])
def test_a_page_makes_the_list_of_pages_as_often_as_it_shows_it(
    page: str, times: int, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str | None] = []
    get_list: Callable[..., object] = AdminSite.get_app_list

    def counted(site: AdminSite, request: object, app_label: str | None = None) -> object:
        made.append(app_label)
        return get_list(site, request, app_label)

    monkeypatch.setattr(AdminSite, "get_app_list", counted)
    html = staff.get(reverse(f"admin:{page}", args=["backlog"] if page == "app_list" else [])).content.decode()
    assert len(made) == times
    assert ('id="backlog-template"' in html) == bool(times)
