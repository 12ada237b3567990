#!/bin/sh
# Makes sure that there is a Chromium for the browser tests and the screenshots; does nothing when there is one.
set -eu
cd "$(dirname "$0")/.."

python=.venv/bin/python
[ -x "$python" ] || python=python3

there() {
    "$python" tests/chromium.py >/dev/null 2>&1
}

from_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get update &&
        { apt-get install -y --no-install-recommends chromium-headless-shell ||
            apt-get install -y --no-install-recommends chromium; }
}

there && exit 0
from_apt >&2 || "$python" -m playwright install chromium >&2 || true
there && exit 0
echo "NO CHROMIUM: neither apt-get nor Playwright could install one. Install it by hand, or set CHROMIUM to the path of one." >&2
exit 1
