#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# shellcheck disable=SC2030,SC2031,SC2153 # each test is a subshell
#
# Where allocators fall over: limits on memory and mappings, locked memory, strange layouts of the address space, nothing
# of /proc and /dev, and system calls that fail. The programs hold the allocator to a simple model (tests/lib/shelf.h).
# WALLS=full walks through every system call instead of a choice, which takes an hour. WALLS_MACHINE=yes changes settings of
# the whole machine for some seconds.

load load

# --- limits ----------------------------------------------------------------------------------------------------------

@test "RLIMIT_AS of 100 MB from the start: ordinary use" { limited -v 102400 walk ordinary; }
@test "RLIMIT_DATA of 100 MB from the start: ordinary use" { limited -d 102400 walk ordinary; }
@test "RLIMIT_AS lowered below what is held" { walk scarce as lowered; }
@test "RLIMIT_DATA lowered below what is held" { walk scarce data lowered; }
@test "RLIMIT_AS exhausted: freed blocks of 100 bytes serve again" { walk scarce as freed-slots 100; }
@test "RLIMIT_AS exhausted: freed blocks of 3000 bytes serve again" { walk scarce as freed-slots 3000; }
@test "RLIMIT_AS exhausted: freed blocks of 30000 bytes serve again" { walk scarce as freed-slots 30000; }
@test "RLIMIT_DATA exhausted: freed blocks of 3000 bytes serve again" { walk scarce data freed-slots 3000; }
@test "RLIMIT_AS lowered: freed blocks of 10000 bytes serve other sizes" { walk scarce as everything-else 10000; }
@test "RLIMIT_AS lowered: freed blocks of 20 MB serve other sizes" { walk scarce as everything-else 20000000; }
@test "RLIMIT_DATA lowered: freed blocks of 10000 bytes serve other sizes" { walk scarce data everything-else 10000; }
@test "RLIMIT_DATA lowered: freed blocks of 20 MB serve other sizes" { walk scarce data everything-else 20000000; }
@test "RLIMIT_AS: freed blocks leave room for others" { limited -Sv 102400 walk scarce as room-for-others; }
@test "RLIMIT_DATA: freed blocks leave room for others" { walk scarce data room-for-others; }

@test "RLIMIT_AS: threads that run into it together" { walk scarce as together; }
@test "RLIMIT_DATA: threads that run into it together" { walk scarce data together; }

@test "RLIMIT_AS: calls that fail are not slow in a large heap" { walk_if_possible scarce as no-crawling; }
@test "RLIMIT_DATA: calls that fail are not slow in a large heap" { walk_if_possible scarce data no-crawling; }
@test "RLIMIT_AS: a request that is too large leaves quarantines alone" { walk scarce as in-vain; }
@test "RLIMIT_DATA: a request that is too large leaves quarantines alone" { walk scarce data in-vain; }

@test "RLIMIT_AS so small that the allocator can hardly start" {
    local size failed=
    for size in $(seq 2500 500 12000); do
        run limited -v "$size" walk scarce as hardly-any
        # A program that cannot even be loaded (125 to 127) is not our affair.
        if [ "$status" -ne 0 ] && { [ "$status" -lt 125 ] || [ "$status" -gt 127 ]; }; then
            echo "with $size KiB: exit status $status"
            failed=yes
        fi
    done
    [ -z "$failed" ]
}

@test "a main stack of 64 KiB" { limited -s 64 walk ordinary; }

@test "an unlimited main stack" {
    # Where everything is, is random.
    for _ in $(seq 10); do
        limited -s unlimited walk ordinary
    done
}

@test "an unlimited main stack, without randomization of addresses" {
    limited -s unlimited walk_in_layout --addr-no-randomize
}

# --- layouts ---------------------------------------------------------------------------------------------------------

@test "no randomization of addresses" { walk_in_layout --addr-no-randomize; }
@test "mappings from below" { walk_in_layout --addr-compat-layout; }
@test "mappings from below, without randomization" { walk_in_layout --addr-compat-layout --addr-no-randomize; }

# --- mappings --------------------------------------------------------------------------------------------------------

@test "1000 mappings left" { walk mappings 1000; }
@test "1000 mappings left, guard pages by mprotect" { on_old_kernel walk mappings 1000; }
@test "10 mappings left" { walk mappings 10; }
@test "10 mappings left, guard pages by mprotect" { on_old_kernel walk mappings 10; }
@test "no mapping left" { walk mappings 0; }
@test "no mapping left, guard pages by mprotect" { on_old_kernel walk mappings 0; }

@test "60 GB of blocks within the mappings of this machine" {
    need_memory 2000
    walk virtual-heap
}

@test "60 GB of blocks within the mappings of this machine, guard pages by mprotect" {
    need_memory 2000
    on_old_kernel walk virtual-heap
}

@test "large blocks have guard pages after 30,000 others" { walk guards-remain; }
@test "large blocks have guard pages after 30,000 others, guard pages by mprotect" { on_old_kernel walk guards-remain; }

# --- locked memory ---------------------------------------------------------------------------------------------------

@test "all memory locked" { walk_locked locked all; }
@test "all memory locked, guard pages by mprotect" { on_old_kernel walk_locked locked all; }
@test "each block locked by the program" { walk_locked locked each-block; }
@test "some blocks locked by the program" { walk_locked locked some-blocks; }
@test "some blocks locked by the program, guard pages by mprotect" { on_old_kernel walk_locked locked some-blocks; }
@test "memory locked within RLIMIT_MEMLOCK" { walk_locked locked within-a-limit; }

# --- nothing there ---------------------------------------------------------------------------------------------------

@test "no /proc and no /dev" {
    need_namespaces
    LAUNCHER="unshare --mount $BATS_TEST_DIRNAME/without-proc-and-dev" walk ordinary
}

@test "a chroot with nothing but the program and its libraries" {
    [ "$(id -u)" -eq 0 ] || skip "chroot needs root"
    local root=$BATS_TEST_TMPDIR/root library
    mkdir "$root"
    cp "$PROGRAMS/ordinary" "$LIB" "$root"
    for library in $(ldd "$PROGRAMS/ordinary" "$LIB" | grep -o '/[^ :]*\.so[^ :]*' | sort -u); do
        [ "$library" = "$LIB" ] || cp --parents -L "$library" "$root"
    done
    # The shell inside is none: env and the program are all there is to run.
    cp --parents -L "$(command -v env)" "$root"
    chroot "$root" "$(command -v env)" LD_PRELOAD="/${LIB##*/}" /ordinary
}

# --- a memory cgroup -------------------------------------------------------------------------------------------------

@test "a memory cgroup four times as large as what is live: blocks of one size after the other" {
    walk_in_memory_group $((128 << 20)) memory-group sizes
}

@test "a memory cgroup four times as large as what is live: one thread after the other" {
    walk_in_memory_group $((128 << 20)) memory-group threads
}

# --- strict accounting -----------------------------------------------------------------------------------------------

@test "vm.overcommit_memory=2: ordinary use" {
    account_strictly
    walk ordinary
}

# What the whole machine does not have, and what is there after that.
@test "vm.overcommit_memory=2: more than there is" {
    account_strictly
    walk scarce as beyond-machine "$(awk '/^CommitLimit:/ { print $2 * 1024 }' /proc/meminfo)"
}

# --- system calls that fail ------------------------------------------------------------------------------------------

@test "each call for memory fails: ENOMEM" { walk failing-calls one ENOMEM; }
@test "each call for memory fails: ENOMEM, guard pages by mprotect" { on_old_kernel walk failing-calls one ENOMEM; }

# bats test_tags=full
@test "each call for memory fails: ENOMEM, in locked memory" {
    walk_locked failing-calls one ENOMEM locked
}

@test "a mapping of one page fails, and the nineteen calls behind it: ENOMEM" { walk failing-calls pages ENOMEM; }

# bats test_tags=full
@test "twenty calls in a row fail: ENOMEM" {
    walk failing-calls stretch ENOMEM
}

@test "all calls fail from one on: ENOMEM" { walk failing-calls from ENOMEM; }
@test "two calls fail: ENOMEM" { walk failing-calls pairs ENOMEM; }

# bats test_tags=full
@test "all calls fail from one on: EPERM, guard pages by mprotect" {
    on_old_kernel walk failing-calls from EPERM
}

# bats test_tags=full
@test "two calls fail: ENOSYS, guard pages by mprotect" {
    on_old_kernel walk failing-calls pairs ENOSYS
}

@test "each call for memory fails from the first instruction of the process on" {
    command -v strace >/dev/null || skip "strace is not installed; tests/packages.txt names its package"
    local call nth step=3 trace=$BATS_TEST_TMPDIR/trace failed=
    if full; then step=1; fi
    strace -qq -o "$trace" -e trace=mmap true || skip "strace cannot trace here"
    for call in mmap mprotect madvise munmap; do
        for nth in $(seq 2 "$step" 40); do
            run strace -qq -o "$trace" -e trace="$call" -e inject="$call:error=ENOMEM:when=$nth" -E LD_PRELOAD="$LIB" \
                "$PROGRAMS/scarce" as hardly-any
            grep -q INJECTED "$trace" || break
            # Without libc there is no program; the dynamic linker says so.
            if [ "$status" -ne 0 ] && [ "$status" -ne 127 ]; then
                echo "$call number $nth: exit status $status"
                grep INJECTED "$trace"
                failed=yes
            fi
        done
    done
    [ -z "$failed" ]
}

# --- an old kernel ---------------------------------------------------------------------------------------------------

@test "unit tests pass with guard pages by mprotect" {
    local program failed=
    local programs="malloc calloc realloc aligned usable_size free threads limits"
    if full; then programs="$programs fork"; fi
    for program in $programs; do
        run "$PROGRAMS/old-kernel" env CMOCKA_MESSAGE_OUTPUT=TAP TEST_LAUNCHER="env LD_PRELOAD=$LIB" LD_PRELOAD="$LIB" \
            "$BUILD/tests/unit/test_$program"
        if [ "$status" -ne 0 ]; then
            failed=yes
            echo "test_$program: exit status $status"
            grep -A9 '^not ok' <<<"$output" || tail -3 <<<"$output"
        fi
    done
    [ -z "$failed" ]
}
