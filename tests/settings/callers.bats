#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# A report names the place in the program that made the call, as addr2line takes it.

load load

options=quarantine=no,check-copies=yes,check-new-delete=no

# found_from FUNCTION...: the program calls from there, and its report says so.
found_from() {
    local function place
    for function in "$@"; do
        run with "$options" callers "$function"
        assert_equal "$status" 134
        place=$(sed -n 's/^compatmalloc:   called from: //p' <<<"$output")
        assert_equal "${place%+0x*}" "$PROGRAMS/callers"
        assert_equal "$(addr2line -f -e "${place%+*}" "${place##*+}" | head -n 1)" "$function"
    done
}

matching() {
    "$PROGRAMS/callers" | grep "$@"
}

@test "calls that free name their caller" {
    # shellcheck disable=SC2046 # names
    found_from $(matching free)
}

@test "calls that resize name their caller" {
    # shellcheck disable=SC2046
    found_from $(matching realloc)
}

@test "calls that allocate name their caller" {
    # shellcheck disable=SC2046
    found_from $(matching -E 'alloc|align' | grep -vE 'realloc|free')
}

@test "the C++ operators name their caller" {
    # shellcheck disable=SC2046
    found_from $(matching operator)
}

@test "copies and checks name their caller" {
    found_from from_memcpy from_memset from_check_integrity from_usable_size
}

@test "so it is in the strict profile" {
    options=profile=strict,quarantine=no,guard-samples=no
    found_from from_free from_realloc_growing from_operator_new from_operator_delete
}

@test "operator new fails as it should, in every profile" {
    local profile
    for profile in default strict light off; do
        run with profile=$profile new-fails
        assert_output "8 right, handler called 8 times"
    done
}

# place_of DETAIL REPORT: the function that the report names there.
place_of() {
    local place
    place=$(sed -n "s/^compatmalloc:   $1: //p" <<<"$2")
    [ -n "$place" ] && addr2line -f -e "${place%+*}" "${place##*+}" | head -n 1
}

@test "in the strict profile reports say where the block was allocated, and where it was freed first" {
    local samples
    for samples in yes no; do
        run with profile=strict,guard-samples=$samples callers from_free_of_freed
        assert_equal "$status" 134
        assert_equal "$(place_of 'called from' "$output")" from_free_of_freed
        assert_equal "$(place_of 'allocated from' "$output")" allocate_here
        assert_equal "$(place_of 'freed from' "$output")" free_here
    done
    run with record-callers=yes callers from_free
    assert_equal "$(place_of 'allocated from' "$output")" allocate_here
    refute_output --partial 'freed from'
    run with record-callers=yes callers from_free_of_large
    assert_equal "$(place_of 'allocated from' "$output")" allocate_here
    run with profile=default callers from_free_of_freed
    refute_output --partial 'allocated from'
}
