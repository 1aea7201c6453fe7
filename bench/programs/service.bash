# SPDX-License-Identifier: MIT OR Apache-2.0
# What the benchmarks of services have in common; sourced by them. The service alone runs under the allocator, and only its
# time counts.

PATH=$PATH:/usr/sbin:/sbin
service= # its process, set by who starts it

# unprivileged COMMAND...: services refuse to be root, or change to another user. In its place: it is to be exec'ed.
unprivileged() {
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    fi
    exec "$@"
}

# The directory, and the way to it, for that user.
open_directory() {
    if [ "$(id -u)" = 0 ]; then
        chmod 711 "$1/.."
        chown 65534:65534 "$1"
    fi
}

# without COMMAND...: with the C library's allocator.
without() {
    env -u LD_PRELOAD "$@"
}

# load COMMAND...: the work that is asked of the service, by a process whose time is not counted: it is nobody's child.
load() {
    rm -f load.done
    mkfifo load.done
    # shellcheck disable=SC2016 # expanded by the inner shell
    without setsid --fork sh -c '"$@" >load.log 2>&1; echo "$?" >load.done' sh "$@"
    local status
    read -r status <load.done
    if [ "$status" != 0 ]; then
        cat load.log >&2
        kill "$service"
        return "$status"
    fi
}

# wait_for COMMAND...: until it succeeds.
wait_for() {
    local tries
    for tries in $(seq 500); do
        if without "$@" >/dev/null 2>&1; then
            return 0
        fi
        sleep 0.02
    done
    echo "bench: after $tries tries: $*" >&2
    return 1
}
