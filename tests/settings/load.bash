# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What the bats files here share: programs that run with the library under given settings.

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    ulimit -c 0
    # Programs leave this directory, and some leave its file system.
    BUILD=$(realpath "${BUILD:-build/release}")
    export BUILD
    export LIB=${LIB:-$BUILD/libcompatmalloc.so.1} PROGRAMS=$BUILD/tests/settings
    # What this machine has in /etc is not what is tested.
    touch "$BATS_FILE_TMPDIR/empty.conf"
    export COMPATMALLOC_CONF=$BATS_FILE_TMPDIR/empty.conf
    unset LD_PRELOAD COMPATMALLOC_OPTIONS COMPATMALLOC_DISABLE
}

common_setup() {
    [ -z "${CROSS:-}" ] || skip "the programs here are for this machine's own architecture"
    load /usr/lib/bats/bats-support/load
    load /usr/lib/bats/bats-assert/load
    if [ ! -x "$PROGRAMS/callers" ]; then
        echo "$PROGRAMS/callers does not exist: make check-settings builds it"
        return 1
    fi
}

# with OPTIONS PROGRAM ARGUMENT...: one of the programs, with the library and these settings.
with() {
    local options=$1 program=$2
    shift 2
    COMPATMALLOC_OPTIONS=$options LD_PRELOAD=$LIB "$PROGRAMS/$program" "$@"
}

setup() {
    common_setup
}
