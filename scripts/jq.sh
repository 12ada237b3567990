#!/bin/sh
# Makes sure that there is a jq for the worker in bash, which is an example and tested; does nothing when there is one.
set -eu

command -v jq >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update >&2 && apt-get install -y --no-install-recommends jq curl >&2 || true
fi
command -v jq >/dev/null 2>&1 && exit 0
echo "NO JQ: apt-get could not install it. Install jq by hand: the test of examples/worker.sh needs it." >&2
exit 1
