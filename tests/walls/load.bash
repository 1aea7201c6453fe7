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

# A setting of the whole machine, so it is made only where WALLS_MACHINE=yes says that it may be, and only for as long as a
# test takes. What is committed already must leave room for what everybody else does meanwhile.
account_strictly() {
    [ "$(cat /proc/sys/vm/overcommit_memory)" -ne 2 ] || return 0
    [ "${WALLS_MACHINE:-}" = yes ] || skip "vm.overcommit_memory is not 2 on this machine, and WALLS_MACHINE=yes is not set"
    [ -w /proc/sys/vm/overcommit_memory ] || skip "this user cannot change vm.overcommit_memory"
    overcommit=$(cat /proc/sys/vm/overcommit_memory) overcommit_ratio=$(cat /proc/sys/vm/overcommit_ratio)
    echo 100 >/proc/sys/vm/overcommit_ratio
    awk '/^CommitLimit:/ { limit = $2 } /^Committed_AS:/ { used = $2 } END { exit limit - used < 8 * 1048576 }' /proc/meminfo ||
        skip "less than 8 GB are left to commit"
    echo 2 >/proc/sys/vm/overcommit_memory
}

teardown() {
    [ -z "${group:-}" ] || rmdir "$group"
    [ -z "${overcommit:-}" ] || echo "$overcommit" >/proc/sys/vm/overcommit_memory
    [ -z "${overcommit_ratio:-}" ] || echo "$overcommit_ratio" >/proc/sys/vm/overcommit_ratio
}
