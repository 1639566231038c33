#!/bin/sh
# Resolve the dependencies in pyproject.toml into lock files with hashes, for every platform and
# Python >= 3.11. Only the public index is used: this machine's own indexes and folders would make lock files
# that cannot be installed elsewhere.
set -eu

cd "$(dirname "$0")/.."
for variable in $(env | sed -n 's/^\(UV_[A-Z_]*\)=.*/\1/p'); do
    unset "$variable"
done

lock() {
    output=$1
    shift
    .venv/bin/uv --no-config pip compile pyproject.toml --quiet \
        --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --custom-compile-command "make lock" --output-file "$output" "$@" >/dev/null
}

lock requirements/runtime.txt "$@"
lock requirements/dev.txt --group dev --constraints requirements/runtime.txt "$@"
lock requirements/bench.txt --group bench --constraints requirements/dev.txt "$@"
