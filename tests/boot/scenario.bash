# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# For bats files about one container: the packages are built, and the scenario is played once by in-container.

# play_scenario deb|rpm SCENARIO BOOT: what was found in the scenario's boot of that name is in $R; with `.`, a directory for each.
play_scenario() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export BUILD=${BUILD:-build/release}
    export R=$BATS_FILE_TMPDIR/results/$3
    local status=0
    "${MAKE:-make}" --silent BUILD="$BUILD" packages-for-tests-deb "packages-for-tests-$1" >"$BATS_FILE_TMPDIR/log" 2>&1 || {
        tail -n 60 "$BATS_FILE_TMPDIR/log" >&2
        return 1
    }
    tests/boot/in-container "$BUILD/packages/$1" "$BATS_FILE_TMPDIR/results" "tests/boot/$2" >"$BATS_FILE_TMPDIR/log" 2>&1 || status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
        cat "$BATS_FILE_TMPDIR/log" >&2
        return 1
    fi
}

skip_without_container() {
    if [ -e "${R%/*}/reason" ]; then
        skip "$(cat "${R%/*}/reason")"
    fi
}
