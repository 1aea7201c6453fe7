#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# No data race between threads, as far as clang's ThreadSanitizer sees.

bats_require_minimum_version 1.5.0

setup() {
    [ -z "${CROSS:-}" ] || skip "needs programs of this machine's own kind"
    command -v "${TSAN_CC:-clang}" >/dev/null || skip "clang is not installed; tests/packages.txt names its package"
    programs=$BATS_TEST_DIRNAME/../../${BUILD:-build/release}/tsan
    case ${BUILD:-} in /*) programs=$BUILD/tsan ;; esac
    if [ ! -x "$programs/handed-over" ]; then
        echo "$programs/handed-over does not exist: make check-tsan builds it"
        return 1
    fi
}

# Addresses that ThreadSanitizer does not know are given to nobody where they are not randomized.
sanitized() {
    local program=$1
    shift
    setarch --addr-no-randomize "$programs/$program" "$@"
}

@test "blocks are freed by other threads" { sanitized handed-over; }
# Whether it comes to light in one run depends on who is interrupted where. One race is enough: there are thousands.
@test "a parcel without release is found" {
    local _
    for _ in 1 2 3; do
        run env TSAN_OPTIONS=halt_on_error=1 setarch --addr-no-randomize "$programs/mistaken"
        [ "$status" -ne 66 ] || break
    done
    [ "$status" -eq 66 ]
    [[ $output == *"data race"* ]]
}
@test "two hundred threads at once" { sanitized crowds alive 200; }
@test "large blocks are resized and freed by several threads" { sanitized large-traffic; }
@test "the unit tests of threads" { sanitized test_threads; }
