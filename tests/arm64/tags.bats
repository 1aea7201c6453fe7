#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Memory tags of aarch64 (src/malloc/tags.h), on an emulated processor that has them: what they find is found at once, and what is right is
# left alone. The other suites run on a processor without.

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export BUILD=${BUILD:-build/release/arm64} CROSS=aarch64-linux-gnu
    LIB=$(realpath "${LIB:-$BUILD/libcompatmalloc.so.1}")
    export LIB PROGRAM=$BUILD/tagged RUNNER="qemu-aarch64 -cpu max -L /usr/$CROSS -E LD_LIBRARY_PATH=/usr/$CROSS/lib"
    COMPATMALLOC_CONF=$BATS_FILE_TMPDIR/empty.conf
    touch "$COMPATMALLOC_CONF"
    export COMPATMALLOC_CONF
    "$CROSS-gcc" -std=gnu17 -Wall -Wextra -Werror -D_GNU_SOURCE -O1 -fPIC -shared -o "$BUILD/libemulator.so" tests/arm64/libemulator.c
    LIB=$(realpath "$BUILD/libemulator.so"):$LIB
    "$CROSS-gcc" -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -fno-builtin -pthread -Itests/lib -o "$PROGRAM" tests/arm64/tagged.c
}

setup() {
    # shellcheck source=tests/lib/cases.bash
    . "$BATS_TEST_DIRNAME/../lib/cases.bash"
    export COMPATMALLOC_OPTIONS=explain-faults=yes,journal=no
}

# stopped WHAT STATUS LINE: the program ends by that, and the library's first line begins with this.
stopped() {
    local _
    for _ in 1 2 3; do
        with_library "$PROGRAM" "$1"
        if [ "$status" -ne "$2" ] || [[ $first_line != "compatmalloc: $3"* ]]; then
            describe_outcome
            cat "$BATS_TEST_TMPDIR/stdout"
            return 1
        fi
    done
}

# qemu-user 7.2 itself dies once in a hundred runs with many threads. What it emulates never dies without a line of the emulator's.
emulator_died() {
    [ "$status" -eq 139 ] && [ ! -s "$BATS_TEST_TMPDIR/stderr" ]
}

@test "blocks have tags, all of them but 0" {
    with_library "$PROGRAM" tag
    [ "$(cat "$BATS_TEST_TMPDIR/stdout")" = tagged ]
}
@test "what is right is left alone, whatever the profile" {
    local profile
    for profile in default light strict; do
        COMPATMALLOC_OPTIONS=profile=$profile with_library "$PROGRAM" good
        ! emulator_died || COMPATMALLOC_OPTIONS=profile=$profile with_library "$PROGRAM" good
        is_unnoticed || {
            echo "$profile: $(describe_outcome)"
            return 1
        }
    done
}
@test "a write past the end, beyond the block's last 16 bytes" { stopped write-past-end 139 heap-; }
@test "a read of the rest of the slot" { stopped read-rest-of-slot 139 heap-buffer-overflow; }
@test "a write into the next block" { stopped write-neighbour 139 "heap-buffer-overflow: something to be read or written 8 bytes past the end of a 24-byte block"; }
@test "a read before the start, of the block in front" { stopped read-before-start 139 heap-buffer-underflow; }
@test "a write after free" { stopped write-after-free 139 "heap-use-after-free: something to be read or written 20 bytes"; }
@test "a read after free" { stopped read-after-free 139 heap-use-after-free; }
@test "a read at the old place after realloc" { stopped read-after-realloc 139 heap-use-after-free; }
@test "a read of what is another block's by now" { stopped read-next-owner 139 heap-; }
@test "a read after free in another thread" { stopped thread 139 heap-use-after-free; }
@test "a second free" { stopped free-twice 134 double-free; }
@test "a second free of what is another block's by now" { stopped free-next-owner 134 double-free; }
@test "realloc of what is another block's by now" { stopped realloc-next-owner 134 double-free; }
@test "a free of a block's middle" { stopped free-middle 134 bad-free; }

@test "a system call does not read what was freed either" {
    with_library "$PROGRAM" system-call-after-free
    if grep -qx 'went on' "$BATS_TEST_TMPDIR/stdout" && ! grep -qx refused "$BATS_TEST_TMPDIR/stdout"; then
        skip "the emulator does not look at tags in system calls"
    fi
    grep -qx refused "$BATS_TEST_TMPDIR/stdout"
}

@test "with on-error = log a program goes on after each" {
    local what
    for what in write-past-end read-after-free read-next-owner free-next-owner realloc-next-owner thread; do
        COMPATMALLOC_OPTIONS+=,on-error=log with_library "$PROGRAM" "$what"
        if [ "$status" -ne 0 ] || [ -z "$first_line" ] || ! grep -qx 'went on' "$BATS_TEST_TMPDIR/stdout"; then
            echo "$what: $(describe_outcome)"
            return 1
        fi
    done
}

@test "memory-tags = no, and a processor without" {
    COMPATMALLOC_OPTIONS=memory-tags=no with_library "$PROGRAM" tag
    [ "$(cat "$BATS_TEST_TMPDIR/stdout")" = untagged ]
    RUNNER=${RUNNER/-cpu max/-cpu neoverse-n1} with_library "$PROGRAM" tag
    [ "$(cat "$BATS_TEST_TMPDIR/stdout")" = untagged ]
}

@test "freed memory has no poison where tags find who touches it, and has it in strict and where a program goes on" {
    local options
    for options in profile=default profile=strict on-error=log write-after-free-check=no,on-error=log; do
        COMPATMALLOC_OPTIONS=journal=no,$options with_library "$PROGRAM" freed-contents
        cp "$BATS_TEST_TMPDIR/stdout" "$BATS_TEST_TMPDIR/$options"
    done
    cd "$BATS_TEST_TMPDIR"
    grep -qx zero profile=default
    grep -qx filled profile=strict
    grep -qx filled on-error=log
    grep -qx filled write-after-free-check=no,on-error=log
}

@test "operator new without memory: the new handler runs, and the program goes on" {
    command -v "$CROSS-g++" >/dev/null || skip "there is no C++ compiler for $CROSS"
    "$CROSS-g++" -std=gnu++17 -O1 -o "$BATS_TEST_TMPDIR/new-fails" tests/settings/new-fails.cc
    with_library "$BATS_TEST_TMPDIR/new-fails"
    [ "$(cat "$BATS_TEST_TMPDIR/stdout")" = "8 right, handler called 8 times" ]
}

# Those of the public header and of reports damage blocks, to see it found later; some take minutes with an emulator that looks at tags.
unit() {
    # shellcheck disable=SC2086 # a command with arguments
    env -u COMPATMALLOC_OPTIONS TEST_LAUNCHER="$RUNNER -E LD_PRELOAD=$LIB" CMOCKA_MESSAGE_OUTPUT=TAP \
        $RUNNER -E "LD_PRELOAD=$LIB" "$BUILD/tests/unit/test_$1" >"$BATS_TEST_TMPDIR/log" 2>&1 || {
        grep -v '^ok' "$BATS_TEST_TMPDIR/log"
        return 1
    }
    grep -q '^ok 1 ' "$BATS_TEST_TMPDIR/log"
}

@test "the unit tests of malloc" { unit malloc; }
@test "the unit tests of calloc" { unit calloc; }
@test "the unit tests of realloc" { unit realloc; }
@test "the unit tests of free" { unit free; }
@test "the unit tests of alignment" { unit aligned; }
@test "the unit tests of statistics" { unit statistics; }
@test "the unit tests of threads" { unit threads; }
@test "the unit tests of a process's start and end" { unit lifecycle; }

# The detection tests whose names begin so: stopped as without tags, or earlier; and each one's twin undisturbed.
detect() {
    local source name failed=''
    unset COMPATMALLOC_OPTIONS
    for source in "tests/detect/$1"-*.c*; do
        name=$(basename "${source%.c*}")
        TAGS=yes run_case "$name" || failed+=" $name"
    done
    echo "$failed"
    [ -z "$failed" ]
}

@test "every detection test is run here" {
    local name
    for name in tests/detect/*.c*; do
        name=$(basename "$name")
        if ! grep -q "{ detect ${name%%-*}; }\$" "$BATS_TEST_FILENAME"; then
            echo "$name is not run"
            return 1
        fi
    done
}

@test "the detection tests: CWE-122" { detect cwe122; }
@test "the detection tests: CWE-124" { detect cwe124; }
@test "the detection tests: CWE-126" { detect cwe126; }
@test "the detection tests: CWE-127" { detect cwe127; }
@test "the detection tests: CWE-190" { detect cwe190; }
@test "the detection tests: CWE-415" { detect cwe415; }
@test "the detection tests: CWE-416" { detect cwe416; }
@test "the detection tests: CWE-590" { detect cwe590; }
@test "the detection tests: CWE-761" { detect cwe761; }
@test "the detection tests: CWE-762" { detect cwe762; }
@test "the detection tests: the allocator's own records" { detect metadata; }
