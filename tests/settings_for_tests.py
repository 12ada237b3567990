"""The product's settings, in haste, and with fault points that the environment can wake."""

import json
import os
from dataclasses import replace

from config.settings import *  # noqa: F403
from config.settings import DATA_DIR, DATABASES, SPREADSHEET_LIMITS
from tests.waiting import ROOM

FAULT_POINTS = json.loads(os.environ.get("FAULT_POINTS", "{}"))
# A busy machine takes several times as long to read a file; tests of this limit set one.
SPREADSHEET_LIMITS = replace(SPREADSHEET_LIMITS, seconds=int(ROOM * SPREADSHEET_LIMITS.seconds))
# Keys of rows come again from test to test; those about the limit set one.
API_REQUESTS_A_MINUTE = 10**9
# Tests about money are about one currency, unless they say otherwise.
CURRENCY = "EUR"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Other threads and processes have to see it, so it is a file and not in memory. Processes of a run copy it: copying.py.
DATABASES["default"].setdefault("TEST", {})
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"]["NAME"] = str(DATA_DIR.parent / "test.sqlite3")
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
