#!/bin/sh
# Makes .venv with exactly the packages of requirements.lock; done again only when that file changes.
set -eu

oldest="3.11"

finish() {
    touch .venv/.installed
    echo "Ready. Try: make demo"
}

fail() {
    echo "$1" >&2
    exit 1
}

newest_python() {
    for name in python3.13 python3.12 python3.11 python3 python; do
        if "$name" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Interlock needs Python $oldest or newer, and there is none on the PATH. Install it, then run make again."
}

if command -v uv >/dev/null 2>&1; then
    [ -x .venv/bin/python ] || uv venv --quiet --python ">=$oldest" .venv
    uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock
    finish
    exit
fi

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(newest_python)
    "$python" -m venv --clear .venv ||
        fail "Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --requirement requirements.lock
finish
