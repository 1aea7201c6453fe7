#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# explain-faults: what a program hit that ends by SIGSEGV, and who hears of the signal after that.

load load

readonly SEGV=139

# explained OPTIONS STATUS: each case is reported, names the instruction, and ends like that.
explained() {
    local name said place
    while read -r name said; do
        echo "$name: $said"
        run with "$1" faults "$name"
        assert_equal "$status" "$2"
        assert_line --regexp "^compatmalloc: $said at 0x.*\(found by fault\)$"
        place=$(sed -n 's/^compatmalloc:   instruction: .*+//p' <<<"$output" | head -n 1)
        assert_regex "$(addr2line -f -e "$PROGRAMS/faults" "$place" | head -n 1)" '^touch_(read|write)$'
    done < <("$PROGRAMS/faults" | grep -v "${3-^$}")
}

@test "faults at guard pages, freed blocks and empty ones are explained" {
    # Without protect-freed, freed blocks of this size are accessible.
    explained explain-faults=yes,check-at-exit=no "$SEGV" write_freed_paged
}

@test "faults are explained in the strict profile" {
    explained profile=strict,explain-faults=yes "$SEGV"
}

@test "with on-error = log they are survived" {
    explained profile=strict,explain-faults=yes,on-error=log 0
    run with profile=strict,explain-faults=yes,on-error=log faults write_freed_large
    assert_line sound
}

@test "without explain-faults there is no report" {
    run with profile=strict faults read_freed_large
    assert_equal "$status" "$SEGV"
    assert_output ''
}

@test "other faults and signals that somebody sent are not explained" {
    local name
    for name in read_nowhere sent; do
        run with explain-faults=yes,on-error=log faults "$name"
        assert_equal "$status" "$SEGV"
        assert_output ''
    done
}

@test "a program keeps its own handler" {
    run with explain-faults=yes faults read_freed_large after
    assert_equal "$status" 3
    assert_output 'own handler'
    # One that was there before the allocator started has a report in front of it.
    run with explain-faults=yes faults read_freed_large before
    assert_equal "$status" 3
    assert_line --regexp '^compatmalloc: heap-use-after-free: '
    assert_line 'own handler'
}

@test "a handler that was there before hears of it after the report" {
    COMPATMALLOC_OPTIONS=explain-faults=yes LD_PRELOAD="$LIB $PROGRAMS/libearlier.so" \
        run "$PROGRAMS/faults" read_freed_large
    assert_equal "$status" 5
    assert_line --regexp '^compatmalloc: heap-use-after-free: '
    assert_line 'earlier handler'
    COMPATMALLOC_OPTIONS=explain-faults=yes LD_PRELOAD="$LIB $PROGRAMS/libearlier.so" run "$PROGRAMS/faults" sent
    assert_equal "$status" 5
    assert_output 'earlier handler'
}
