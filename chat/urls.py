"""The addresses of chats: where Slack sends clicks, and where messages lead to."""

from django.urls import path

from chat import pages, slack_door

app_name = "chat"
urlpatterns = [
    path("slack", slack_door.take_click, name="slack"),
    path("questions/<uuid:pk>/", pages.lead_to_question, name="question"),
]
