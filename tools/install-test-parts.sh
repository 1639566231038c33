#!/bin/sh
# Install the programs that the tests need. This works for root on Debian. For other users and systems, one line
# says what is missing and how to install it. In CI (CI=true), a missing program is a failure.
#
# Each program is a part with two functions: have_PART succeeds if the part is installed, and packages_PART
# prints the Debian packages of the part. A part that is not a Debian package also has the function fetch_PART,
# which downloads the part into the build folder and does not need root.
set -eu

cd "$(dirname "$0")/.."

parts="postgresql pgbouncer chromium node emulator"
tried=

have_postgresql() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}
packages_postgresql() { echo postgresql; }

# Debian installs pgbouncer in a folder that only root has on its PATH.
have_pgbouncer() {
    command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ]
}
packages_pgbouncer() { echo pgbouncer; }

# Any Chromium works, but the build without a window needs only half the time.
have_chromium() {
    command -v chromium-headless-shell >/dev/null || { command -v chromium >/dev/null && ! can_be_quicker; }
}
can_be_quicker() {
    [ -z "$tried" ] && can_install && apt-cache show chromium-headless-shell >/dev/null 2>&1
}
# Without fonts, screenshots would show boxes instead of letters.
packages_chromium() {
    if apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        echo chromium-headless-shell
    else
        echo chromium
    fi
    echo fonts-dejavu-core fonts-liberation
}

have_node() {
    command -v node >/dev/null && command -v npm >/dev/null
}
packages_node() { echo nodejs npm; }

# WorkOS's own emulator is part of its CLI. Only the emulator's folder is unpacked. The CLI itself and its
# dependencies are left out, because the CLI would listen on every interface. No install script of a package
# runs.
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
            "fetch_$part" || echo "The $part could not be fetched; check that npm can reach its registry" >&2
        fi
    done
}

can_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
}

# apt prints something only if it fails. It waits up to 300 seconds if another apt is running.
apt_quietly() {
    log=$(mktemp)
    if ! DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
    fi
    rm -f "$log"
}

# The names of the parts contain no spaces, so word splitting is safe.
# shellcheck disable=SC2046
packages=$(packages_of $(missing_parts))
if [ -n "$packages" ] && can_install; then
    apt_quietly update
    # shellcheck disable=SC2046
    packages=$(packages_of $(missing_parts))
    echo "Installing for the tests: $packages"
    # shellcheck disable=SC2086
    apt_quietly install --yes --no-install-recommends $packages
fi
tried=yes
fetch_missing

missing=$(missing_parts)
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086
packages=$(packages_of $missing)
hint=${packages:+" (Debian: sudo apt-get install --no-install-recommends ${packages% })"}
echo "Missing for the tests: ${missing% }$hint" >&2
[ "${CI:-}" != true ]
