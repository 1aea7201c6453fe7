# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# What test files that need machines have in common. They load this file; setup_file calls one_machine, or begin_machines and makes its
# own; setup calls need_machine.

# shellcheck source=tests/ctl/machine.bash
. "${BASH_SOURCE[0]%/*}/machine.bash"

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

# made_or_cannot COMMAND...: false if it fails; then the tests skip or fail.
made_or_cannot() {
    local status=0 words
    words=$("$@") || status=$?
    cannot_if "$status" "$words" && [ "$status" -eq 0 ]
}

# one_machine [COMMAND...]: a booted machine called "one"; the command is given its root before.
one_machine() {
    begin_machines
    if made_or_cannot machine_make one; then
        [ $# -eq 0 ] || "$@" "$M/one/root"
        made_or_cannot machine_boot one || true
    fi
    [ -e "$M/reason" ] || [ -s "$M/one/state" ]
}

ctl() {
    machine_run one compatmallocctl "$@"
}

# json EXPRESSION: of what was printed last, called "answer".
json() {
    # shellcheck disable=SC2154 # set by run
    python3 -c 'import json, sys; answer = json.loads(sys.argv[2]); print(eval(sys.argv[1]))' "$1" "$output"
}

# killed_at CALL N COMMAND...: as it makes the N-th of these calls. Status 0 if there are not so many.
killed_at() {
    local call=$1 n=$2
    shift 2
    machine_run one strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" "$@"
}

need_machine() {
    load /usr/lib/bats/bats-support/load
    load /usr/lib/bats/bats-assert/load
    cd "$BATS_TEST_DIRNAME/../.." || return
    if [ -e "$M/reason" ]; then
        skip "$(cat "$M/reason")"
    fi
}

teardown_file() {
    local machine
    for machine in "$M"/*/root; do
        machine_throw_away "$(basename "${machine%/root}")"
    done
    rm -rf --one-file-system "$M"
}
