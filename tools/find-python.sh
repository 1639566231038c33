#!/bin/sh
# Print the path of the first Python that can create the virtual environment. If there is none, print one line
# that says so. Run each candidate, because version managers put commands on PATH that do not work.
set -eu

suitable='import sys, ensurepip, sqlite3, ssl, venv; sys.exit(sys.version_info < (3, 11))'

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
    if "$python" -c "$suitable" >/dev/null 2>&1; then
        command -v "$python"
        exit 0
    fi
done

echo "Hub needs Python 3.11 or newer with its venv module (Debian: apt install python3-venv);" \
    "if it is not on your PATH, run: make PYTHON=/path/to/python3" >&2
exit 1
