#!/bin/sh
# Makes sure that there is a systemd-analyze, which checks the units of deploy/; does nothing when there is one.
set -eu

command -v systemd-analyze >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update >&2 && apt-get install -y --no-install-recommends systemd >&2 || true
fi
command -v systemd-analyze >/dev/null 2>&1 && exit 0
echo "NO SYSTEMD-ANALYZE: apt-get could not install it. The units of deploy/ are checked where systemd is." >&2
exit 1
