#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The library for aarch64 under qemu-user: with pages of 4, 16 and 64 KiB, and in address spaces of 39 and 42 bits. Pages that are larger
# than the emulator's are made by a library of the tests (libpages.c); kernels with such pages have not been at hand.

bats_require_minimum_version 1.5.0

programs='malloc calloc realloc free aligned usable_size statistics'

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export A=${BUILD:-build/release/arm64} cross=aarch64-linux-gnu
    "$cross-gcc" -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -fPIC -shared -o "$A/libpages.so" tests/arm64/libpages.c
}

# emulate PRELOAD OPTION... -- PROGRAM...: the unit tests of these names, with these options of the emulator.
emulate() {
    local preload=$1 options=() program
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    options+=(-cpu neoverse-n1 -L "/usr/$cross" -E "LD_LIBRARY_PATH=/usr/$cross/lib" -E "LD_PRELOAD=$preload$(realpath "$A/libcompatmalloc.so.1")")
    for program; do
        RUNNER=qemu-aarch64 TEST_LAUNCHER="qemu-aarch64 ${options[*]}" CMOCKA_MESSAGE_OUTPUT=TAP \
            qemu-aarch64 "${options[@]}" "$A/tests/unit/test_$program" >"$BATS_TEST_TMPDIR/log" 2>&1 || {
            grep -v '^ok' "$BATS_TEST_TMPDIR/log"
            return 1
        }
        grep -q '^ok 1 ' "$BATS_TEST_TMPDIR/log"
    done
}

pages() {
    # shellcheck disable=SC2086 # words
    emulate "$(realpath "$A/libpages.so"):" -E "PAGES=$1" -- $programs
}

@test "pages of 4 KiB" {
    pages 4096
}

@test "pages of 16 KiB" {
    pages 16384
}

@test "pages of 64 KiB" {
    pages 65536
}

@test "pages that are larger than any kernel's are noticed, so these tests can fail" {
    run ! pages 131072
    grep 'begins no page of 131072 bytes' <<<"$output"
}

@test "an address space of 39 bits" {
    emulate '' -R 0x8000000000 -- malloc realloc aligned threads fork
}

@test "an address space of 42 bits" {
    emulate '' -R 0x40000000000 -- malloc realloc aligned threads fork
}

@test "guard pages are there although the emulator only says so of its marks" {
    # malloc(0) has no memory, and the page behind a large block is a guard.
    emulate '' -- aligned
    cat >"$BATS_TEST_TMPDIR/past.c" <<'EOF'
#include <stdlib.h>
int main(void)
{
    volatile char *block = malloc(1 << 20);
    for (size_t at = 0; at < (1 << 20) + 8192; at++)
        block[at] = 1;
    return 0;
}
EOF
    "$cross-gcc" -o "$BATS_TEST_TMPDIR/past" "$BATS_TEST_TMPDIR/past.c"
    run -139 qemu-aarch64 -cpu neoverse-n1 -L "/usr/$cross" -E "LD_LIBRARY_PATH=/usr/$cross/lib" -E "LD_PRELOAD=$(realpath "$A/libcompatmalloc.so.1")" \
        "$BATS_TEST_TMPDIR/past"
}
