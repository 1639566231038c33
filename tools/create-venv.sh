#!/bin/sh
# Create the virtual environment whose path is the only argument. If that fails, leave nothing behind.
set -eu

venv=$1
python=$("$(dirname "$0")/find-python.sh")

trap 'rm -rf "$venv"' INT TERM HUP
if ! "$python" -m venv --clear "$venv"; then
    rm -rf "$venv"
    echo "$python could not create $venv" >&2
    exit 1
fi
