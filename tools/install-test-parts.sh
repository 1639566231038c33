#!/bin/sh
# Make sure the real parts are here that the tests run against. As root on Debian they are installed;
# elsewhere one line says what is missing and how to get it, which in CI (CI=true) is a failure.
#
# A part is two functions: have_PART succeeds when it is here, packages_PART prints its Debian packages.
# One that is no package has a third, fetch_PART, which brings it into the build folder, as any user.
set -eu

cd "$(dirname "$0")/.."

parts="postgresql pgbouncer chromium node emulator"

have_postgresql() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}
packages_postgresql() { echo postgresql; }

# Debian keeps it where only root looks.
have_pgbouncer() {
    command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ]
}
packages_pgbouncer() { echo pgbouncer; }

have_chromium() {
    command -v chromium >/dev/null
}
# Without fonts the pages would be photographed as boxes.
packages_chromium() { echo chromium fonts-dejavu-core fonts-liberation; }

have_node() {
    command -v node >/dev/null && command -v npm >/dev/null
}
packages_node() { echo nodejs npm; }

# WorkOS's own emulator is bundled with its CLI. Only that folder is unpacked: the CLI itself, which would
# listen on every interface, and what it depends on stay away, and no script of a package runs.
emulator=build/emulator
emulator_version=0.14.0
have_emulator() {
    [ "$(cat $emulator/complete 2>/dev/null)" = "$emulator_version" ]
}
packages_emulator() { :; }
fetch_emulator() {
    rm -rf "$emulator"
    mkdir -p "$emulator"
    (
        cd "$emulator"
        npm pack --silent "workos@$emulator_version" >/dev/null
        tar -xzf "workos-$emulator_version.tgz" package/dist/emulate package/package.json
        rm "workos-$emulator_version.tgz"
        echo '{"private": true}' >package.json
        npm install --silent --no-audit --no-fund --ignore-scripts hono@4.13.19 @hono/node-server@1.19.19
        echo "$emulator_version" >complete
    )
}

missing_parts() {
    for part in $parts; do
        "have_$part" || printf '%s ' "$part"
    done
}

packages_of() {
    for part in "$@"; do
        "packages_$part"
    done | tr '\n' ' '
}

fetch_missing() {
    have_node || return 0
    for part in $(missing_parts); do
        if command -v "fetch_$part" >/dev/null; then
            echo "Fetching for the tests: $part"
            "fetch_$part" || echo "The $part could not be fetched: npm needs to reach its registry" >&2
        fi
    done
}

can_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
}

# apt speaks only when it fails; the lock timeout waits for another apt to finish.
apt_quietly() {
    log=$(mktemp)
    if ! DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
    fi
    rm -f "$log"
}

# Part names are words of ours, so they may split.
# shellcheck disable=SC2046
packages=$(packages_of $(missing_parts))
if [ -n "$packages" ] && can_install; then
    echo "Installing for the tests: $packages"
    apt_quietly update
    # shellcheck disable=SC2086
    apt_quietly install --yes --no-install-recommends $packages
fi
fetch_missing

missing=$(missing_parts)
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086
packages=$(packages_of $missing)
hint=${packages:+" (Debian: sudo apt-get install --no-install-recommends ${packages% })"}
echo "Missing for the tests: ${missing% }$hint" >&2
[ "${CI:-}" != true ]
