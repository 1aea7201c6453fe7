# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# What test files that need machines have in common: setup_file calls one_machine, or makes its own; setup calls
# need_machine.

# shellcheck source=tests/ctl/machine.bash
. "$BATS_TEST_DIRNAME/machine.bash"

begin_machines() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export BUILD=${BUILD:-build/release}
    M=$(mktemp -d "${TMPDIR:-/var/tmp}/compatmalloc-ctl-XXXXXX")
    export M
    unset LD_PRELOAD COMPATMALLOC_OPTIONS COMPATMALLOC_CONF COMPATMALLOC_DISABLE
}

# cannot_if STATUS MESSAGE: 77 makes the tests skip, anything else but 0 makes them fail.
cannot_if() {
    case $1 in
    0) ;;
    77) echo "$2" >"$M/reason" ;;
    *)
        echo "$2" >&2
        return 1
        ;;
    esac
}

need_machine() {
    load /usr/lib/bats/bats-support/load
    load /usr/lib/bats/bats-assert/load
    cd "$BATS_TEST_DIRNAME/../.." || return
    if [ -e "$M/reason" ]; then
        skip "$(cat "$M/reason")"
    fi
}

end_machines() {
    local machine
    for machine in "$M"/*/root; do
        machine_throw_away "$(basename "${machine%/root}")"
    done
    rm -rf --one-file-system "$M"
}
