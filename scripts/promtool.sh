#!/bin/sh
# Makes sure that there is a promtool, which tests the alerts of deploy/monitoring; does nothing when there is one. Only
# the program is taken out of Debian's package, into .venv/bin: no Prometheus is started. With the word `prometheus` it
# takes the server out instead, with which tests/rehearsals/test_dashboard.py asks what the dashboard asks.
set -eu
cd "$(dirname "$0")/.."

program=${1:-promtool}
command -v "$program" >/dev/null 2>&1 && exit 0
[ -x ".venv/bin/$program" ] && exit 0
if command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    get() { (cd "$folder" && apt-get download prometheus) >&2; }
    { get || { apt-get update >&2 && get; }; } && dpkg-deb -x "$folder"/prometheus_*.deb "$folder" \
        && cp "$folder/usr/bin/$program" .venv/bin/ && exit 0
fi
echo "NO $program: apt-get could not fetch it. Install Prometheus, or set PROMTOOL or PROMETHEUS to its path." >&2
exit 1
