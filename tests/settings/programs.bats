#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What /etc/compatmalloc.conf says of kinds of programs that one might think of exempting.

load load

@test "a program with an allocator of its own is left alone" {
    local profile
    for profile in default strict off; do
        run with profile=$profile own-allocator
        assert_success
        assert_output 'its own'
    done
}

@test "a program that is linked with another allocator is protected" {
    local library found=
    for library in libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2; do
        ${CC:-gcc} -D_GNU_SOURCE -O1 -fno-builtin -Iinclude -Itests/lib -Wl,--no-as-needed -o "$BATS_TEST_TMPDIR/show" tests/settings/show.c \
            -l:$library 2>/dev/null || continue
        found="$found $library"
        LD_PRELOAD=$LIB run "$BATS_TEST_TMPDIR/show"
        assert_success
        assert_output --partial 'canaries poison-on-free'
    done
    [ -n "$found" ] || skip "none of jemalloc, tcmalloc and mimalloc is installed"
}

@test "a program built with the address sanitizer starts as the configuration file says" {
    echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/sanitized.c"
    gcc -fsanitize=address -o "$BATS_TEST_TMPDIR/sanitized" "$BATS_TEST_TMPDIR/sanitized.c" 2>/dev/null ||
        skip "gcc cannot build with -fsanitize=address here"
    # Its shadow wants to be where the heap may be, so it must be exempted besides.
    printf '[program sanitized]\nprofile = off\n' >"$BATS_TEST_TMPDIR/settings.conf"
    local _
    for _ in 1 2 3 4 5; do
        COMPATMALLOC_CONF=$BATS_TEST_TMPDIR/settings.conf LD_PRELOAD=$LIB ASAN_OPTIONS=verify_asan_link_order=0 \
            run "$BATS_TEST_TMPDIR/sanitized"
        assert_success
    done
    LD_PRELOAD=$LIB run "$BATS_TEST_TMPDIR/sanitized"
    assert_failure
    gcc -fsanitize=address -static-libasan -o "$BATS_TEST_TMPDIR/sanitized" "$BATS_TEST_TMPDIR/sanitized.c"
    for _ in 1 2 3 4 5; do
        LD_PRELOAD=$LIB run "$BATS_TEST_TMPDIR/sanitized"
        assert_success
    done
}

@test "java and node run in every profile" {
    command -v java >/dev/null || command -v node >/dev/null || skip "neither is installed"
    local profile
    for profile in default strict; do
        export COMPATMALLOC_OPTIONS=profile=$profile,explain-faults=yes
        ! command -v java >/dev/null || LD_PRELOAD=$LIB java -version
        ! command -v node >/dev/null || [ "$(LD_PRELOAD=$LIB node -e 'console.log([1, 2, 3].map(x => x * x).join())')" = 1,4,9 ]
    done
}

@test "valgrind sees a program's own blocks" {
    command -v valgrind >/dev/null || skip "valgrind is not installed"
    LD_PRELOAD=$LIB run valgrind "$PROGRAMS/survival" overflow_free
    assert_output --partial 'Invalid write of size 1'
    refute_output --partial 'compatmalloc: '
}
