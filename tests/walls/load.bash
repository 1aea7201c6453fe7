# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What the bats files here share: how a program is run inside a wall.

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    ulimit -c 0
    # Programs leave this directory, and some leave its file system.
    BUILD=$(realpath "${BUILD:-build/release}")
    export BUILD
    export LIB=${LIB:-$BUILD/libcompatmalloc.so.1} PROGRAMS=$BUILD/tests/walls
}

setup() {
    [ -z "${CROSS:-}" ] || skip "an emulator has an address space and system calls of its own"
    if [ ! -x "$PROGRAMS/ordinary" ]; then
        echo "$PROGRAMS/ordinary does not exist: make check-walls builds it"
        return 1
    fi
}

# Run one of the programs with the library.
walk() {
    local program=$1
    shift
    ${LAUNCHER:-} env LD_PRELOAD="$LIB" "$PROGRAMS/$program" "$@"
}

# What a program says with exit status 77 is why it cannot be run here.
# shellcheck disable=SC2154 # run sets them
walk_if_possible() {
    run walk "$@"
    echo "$output"
    [ "$status" -ne 77 ] || skip "${output:-this processor cannot step through a program}"
    [ "$status" -eq 0 ]
}

# limited -X VALUE COMMAND...: with that limit of ulimit's.
limited() {
    (
        ulimit "$1" "$2" || exit 126
        shift 2
        "$@"
    )
}

# What is walked below this thinks that the kernel has no guard pages without mappings.
on_old_kernel() {
    LAUNCHER=$PROGRAMS/old-kernel "$@"
}

# A few times each: where things are is random.
walk_in_layout() {
    for _ in 1 2 3; do
        setarch "$@" env LD_PRELOAD="$LIB" "$PROGRAMS/ordinary"
    done
}

full() {
    [ "${WALLS:-}" = full ]
}

need_memory() {
    local available
    available=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
    [ "$available" -ge "$1" ] || skip "needs $1 MB of memory, and $available are available"
}

need_namespaces() {
    unshare --mount true 2>/dev/null || skip "this user cannot make a mount namespace"
}

walk_locked() {
    [ "$(id -u)" -eq 0 ] || skip "locking more than RLIMIT_MEMLOCK needs root"
    walk "$@"
}

# walk_in_memory_group BYTES PROGRAM...: in a new memory cgroup, of either version, which teardown removes.
walk_in_memory_group() {
    local limit=$1
    shift
    if grep -qsw memory /sys/fs/cgroup/cgroup.subtree_control; then
        group=/sys/fs/cgroup/compatmalloc-test-$$
    elif [ -e /sys/fs/cgroup/memory/cgroup.procs ]; then
        group=/sys/fs/cgroup/memory/compatmalloc-test-$$
    fi
    if [ -z "${group:-}" ] || ! mkdir "$group" 2>/dev/null; then
        group=
        skip "this user cannot make a memory cgroup here"
    fi
    if [ -e "$group/memory.max" ]; then
        echo "$limit" >"$group/memory.max"
        [ ! -e "$group/memory.swap.max" ] || echo 0 >"$group/memory.swap.max"
    else
        echo "$limit" >"$group/memory.limit_in_bytes"
    fi
    (
        echo "$BASHPID" >"$group/cgroup.procs"
        walk "$@"
    )
}

teardown() {
    [ -z "${group:-}" ] || rmdir "$group"
}
