"""The requester's pages."""

from django.http import HttpResponse
from django.urls import path

app_name = "portal"
urlpatterns = [
    path("", lambda request: HttpResponse("home"), name="projects"),
    path("requests/new/", lambda request: HttpResponse("new"), name="new"),
    path("projects/<uuid:pk>/", lambda request, pk: HttpResponse("project"), name="project"),
]
