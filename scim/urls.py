"""The addresses of SCIM; each may also be written with a slash at the end."""

from typing import Any

from django.urls import path, re_path

from scim import discovery, views
from scim.endpoint import UnknownAddress

app_name = "scim"
ADDRESSES: list[tuple[str, Any, str]] = [
    ("Users", views.Users, "users"),
    ("Users/<str:key>", views.OneUser, "user"),
    ("Groups", views.Groups, "groups"),
    ("Groups/<str:key>", views.OneGroup, "group"),
    ("ServiceProviderConfig", discovery.ServiceProviderConfig, "config"),
    ("ResourceTypes", discovery.ResourceTypes, "resource-types"),
    ("ResourceTypes/<str:name>", discovery.ResourceTypes, "resource-type"),
    ("Schemas", discovery.Schemas, "schemas"),
    ("Schemas/<str:name>", discovery.Schemas, "schema"),
]

urlpatterns = [
    *(path(f"{route}{end}", view.as_view(), name=name) for route, view, name in ADDRESSES for end in ("/", "")),
    re_path("", UnknownAddress.as_view()),
]
