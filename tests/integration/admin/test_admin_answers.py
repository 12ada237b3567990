"""Answering in the admin: the one door of staff to a question."""

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from flows import step, template

from backlog.models import Item, Project
from clarifications.models import Answer, Question
from conftest_admin import opened
