# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# Machines to administer: containers with a booted Debian, and what was built installed in them.

# shellcheck source=tests/boot/root.bash
. "${BASH_SOURCE[0]%/*}/../boot/root.bash"
# shellcheck source=tests/boot/cgroup.bash
. "${BASH_SOURCE[0]%/*}/../boot/cgroup.bash"

# machine_make_bare NAME: a root in $M/NAME/root. Prints why not, and fails with 77, if that cannot be.
machine_make_bare() {
    local root=$M/$1/root
    tests/boot/nspawn || return
    if ! command -v mmdebstrap >/dev/null; then
        echo "mmdebstrap is not installed"
        return 77
    fi
    machine_lay_out "$1" || return
    # Its services must not need user namespaces, which not all machines that run the tests have.
    if ! unshare --user true 2>/dev/null; then
        mkdir -p "$root/etc/systemd/system/redis-server.service.d"
        printf '[Service]\nPrivateUsers=no\n' >"$root/etc/systemd/system/redis-server.service.d/no-user-namespace.conf"
    fi
    mkdir -p "$root/etc/systemd/journald.conf.d" "$root/var/log/journal"
    printf '[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n' >"$root/etc/systemd/journald.conf.d/test.conf"
}

# The root that all machines have, unpacked once, and what one of them changes on top of it; a copy where that cannot be.
machine_lay_out() {
    local archive base
    archive=$(root_archive) || return
    base=${archive%.tar}
    if [ ! -d "$base" ]; then
        rm -rf --one-file-system "$base.new"
        unpack_root "$base.new" && mv "$base.new" "$base" || return
    fi
    mkdir -p "$M/$1"/{root,changes,work}
    mount -t overlay -o "lowerdir=$(realpath "$base"),upperdir=$M/$1/changes,workdir=$M/$1/work" overlay "$M/$1/root" 2>/dev/null ||
        unpack_root "$M/$1/root"
}

# machine_make NAME: the same, with what was built installed in it.
machine_make() {
    machine_make_bare "$1" || return
    "${MAKE:-make}" --silent install BUILD="$BUILD" DESTDIR="$M/$1/root" prefix=/usr libdir="/usr/lib/$(gcc -dumpmachine)"
}

# machine_boot NAME [INIT-ARGUMENT...]: in the background. Fails with 77, and prints why, where no container can be booted.
machine_boot() {
    local name=$1 _
    shift
    echo "compatmalloc-$name-$$" >"$M/$name/machine"
    tests/boot/nspawn "$(<"$M/$name/machine")" "$M/$name/root" "$@" >"$M/$name/console" 2>&1 3>&- &
    echo "$!" >"$M/$name/pid"
    disown "$!"
    rm -f "$M/$name/leader"
    for _ in {1..600}; do
        if ! kill -0 "$(<"$M/$name/pid")" 2>/dev/null; then
            cat "$M/$name/console"
            return 77
        fi
        # The container's init is the child of systemd-nspawn.
        if pgrep -P "$(<"$M/$name/pid")" -x systemd >"$M/$name/leader" 2>/dev/null &&
            machine_run "$name" test -S /run/systemd/private 2>/dev/null; then
            machine_run "$name" systemctl is-system-running --wait >"$M/$name/state" 2>/dev/null || true
        fi
        if grep -Eqs 'running|degraded' "$M/$name/state"; then
            return 0
        fi
        sleep 0.1
    done
    cat "$M/$name/console"
    return 1
}

# machine_run NAME COMMAND...
machine_run() {
    local name=$1
    shift
    nsenter --target "$(<"$M/$name/leader")" --all --root --wdns=/ "$@"
}

# machine_halt NAME: as power off would.
machine_halt() {
    machine_run "$1" systemctl poweroff --no-block 2>/dev/null || true
    machine_wait "$1"
}

# machine_crash NAME: as a power failure would.
machine_crash() {
    if [ -s "$M/$1/leader" ]; then
        kill -KILL "$(<"$M/$1/leader")" 2>/dev/null || true
    fi
    machine_wait "$1"
}

machine_wait() {
    local _
    [ -s "$M/$1/pid" ] || return 0
    for _ in {1..300}; do
        kill -0 "$(<"$M/$1/pid")" 2>/dev/null || break
        sleep 0.1
    done
    rm -f "$M/$1/state"
    kill -KILL "$(<"$M/$1/pid")" 2>/dev/null || true
    remove_cgroup "$(<"$M/$1/machine")"
}

machine_throw_away() {
    machine_crash "$1" 2>/dev/null || true
    umount "$M/$1/root" 2>/dev/null || true
    rm -rf --one-file-system "${M:?}/$1"
}
