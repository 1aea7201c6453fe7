#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# on-error = log: every mistake is reported and survived, and reports do not fill a disk.

load load

# survive OPTIONS MISUSE KIND: 40 times, of which the first 16 are printed.
survive() {
    echo "$1 $2"
    run --separate-stderr with "$1,on-error=log" survival "$2"
    assert_success
    assert_output sound
    # shellcheck disable=SC2154 # from run
    assert_equal "$(grep -c "^compatmalloc: $3: " <<<"$stderr")" 16
    assert_regex "${stderr##*$'\n'}" "^compatmalloc: summary: .*[:,] 40 $3"
}

survive_all() {
    local misuse kind
    while read -r misuse kind; do
        survive "$1" "$misuse" "$kind"
    done < <("$PROGRAMS/survival" | grep -v "${2-^$}")
}

@test "every mistake is survived" {
    survive_all profile=default
}

@test "every mistake is survived in the light profile, which does not see writes after free" {
    survive_all profile=light write_after_free
}

@test "every mistake is survived in the strict profile" {
    # Damage to freed memory is seen from its neighbours too.
    survive_all profile=strict,guard-samples=no write_after_free
    run with profile=strict,guard-samples=no,on-error=log survival write_after_free
    assert_success
    assert_line sound
}

@test "a process and its children print so much together" {
    run with on-error=log forks 60
    assert_success
    assert_equal "$(grep -c '^compatmalloc: double-free: ' <<<"$output")" 16
    assert_equal "$(grep -c '^compatmalloc: summary: 1 report of process ' <<<"$output")" 16
}

@test "after the first reports one is printed every hour, and says how many were not" {
    run with on-error=log hours
    assert_success
    assert_equal "$(grep -c '^compatmalloc: double-free: ' <<<"$output")" 18
    assert_equal "$(grep -c 'since the last one that was printed: 35[0-9][0-9]$' <<<"$output")" 2
    assert_line --regexp '^compatmalloc: summary: 10000 reports of process .*: 10000 double-free; not printed: 9982$'
}

@test "without on-error = log there is neither limit nor summary" {
    run with on-error=abort forks 1
    assert_failure
    refute_output --partial summary
    refute_output --partial 'further reports'
}
