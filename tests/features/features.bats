#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and `run` sets status and output in it
#
# Each feature is observed from outside by a program of its name: its effect must be there in a library with all features
# and in one with this feature alone, and must be gone from one with all others, and where it is switched off.

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    ulimit -c 0
    export BUILD=${BUILD:-build/release} RUNNER=${RUNNER:-} CMOCKA_MESSAGE_OUTPUT=TAP
}

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
}

# Run a program with the library of one of the feature builds; options are COMPATMALLOC_OPTIONS.
with_build() {
    local build=$1 options=$2 lib launcher
    shift 2
    lib=$PWD/$BUILD/features/$build/libcompatmalloc.so.1
    [ "${BUILD#/}" = "$BUILD" ] || lib=$BUILD/features/$build/libcompatmalloc.so.1
    if [ ! -e "$lib" ]; then
        echo "$lib does not exist: make check-features builds it"
        return 3
    fi
    launcher="env LD_PRELOAD=$lib"
    [ -z "$RUNNER" ] || launcher="$RUNNER -E LD_PRELOAD=$lib"
    # shellcheck disable=SC2086 # the launcher is a command with arguments
    COMPATMALLOC_OPTIONS=$options $launcher "$@"
}

observe() {
    run with_build "$2" "${3:-}" "$BUILD/tests/features/$1"
    echo "$1 in build $2${3:+ with $3}: exit status $status (0: observed, 1: not observed)" "$output"
}

is_there() {
    observe "$@"
    [ "$status" -eq 0 ]
}

is_gone() {
    observe "$@"
    [ "$status" -eq 1 ]
}

@test "quarantine: there with all features" { is_there quarantine all; }
@test "quarantine: there alone" { is_there quarantine only-quarantine; }
@test "quarantine: gone when compiled out" { is_gone quarantine without-quarantine; }
@test "quarantine: gone when switched off" { is_gone quarantine all quarantine=no; }

@test "guard-pages: there with all features" { is_there guard-pages all; }
@test "guard-pages: there alone" { is_there guard-pages only-guard-pages; }
@test "guard-pages: gone when compiled out" { is_gone guard-pages without-guard-pages; }
@test "guard-pages: gone when switched off" { is_gone guard-pages all guard-pages=no; }

@test "slot-randomization: there with all features" { is_there slot-randomization all; }
@test "slot-randomization: there alone" { is_there slot-randomization only-slot-randomization; }
@test "slot-randomization: gone when compiled out" { is_gone slot-randomization without-slot-randomization; }
@test "slot-randomization: gone when switched off" { is_gone slot-randomization all slot-randomization=no; }

@test "canaries: there with all features" { is_there canaries all; }
@test "canaries: there alone" { is_there canaries only-canaries; }
@test "canaries: gone when compiled out" { is_gone canaries without-canaries; }
@test "canaries: gone when switched off" { is_gone canaries all canaries=no; }

@test "poison-on-free: there with all features" { is_there poison-on-free all; }
@test "poison-on-free: there alone" { is_there poison-on-free only-poison-on-free; }
@test "poison-on-free: gone when compiled out" { is_gone poison-on-free without-poison-on-free; }
@test "poison-on-free: gone when switched off" { is_gone poison-on-free all poison-on-free=no; }

@test "write-after-free-check: there with all features" { is_there write-after-free-check all; }
@test "write-after-free-check: there alone" { is_there write-after-free-check only-write-after-free-check; }
@test "write-after-free-check: gone when compiled out" {
    is_gone write-after-free-check without-write-after-free-check
}
@test "write-after-free-check: gone when switched off" {
    is_gone write-after-free-check all write-after-free-check=no
}

@test "zero-on-free: there with all features" { is_there zero-on-free all; }
@test "zero-on-free: there alone" { is_there zero-on-free only-zero-on-free; }
@test "zero-on-free: gone when compiled out" { is_gone zero-on-free without-zero-on-free; }
@test "zero-on-free: gone when switched off" { is_gone zero-on-free all zero-on-free=no; }

# --- what the library says of itself ---------------------------------------------------------------------------------

readonly ALL="quarantine guard-pages slot-randomization canaries poison-on-free write-after-free-check zero-on-free"

says() {
    run with_build "$1" "$2" "$BUILD/tests/features/print-features"
    echo "build $1 with '$2' says '$output', expected '$3'"
    [ "$status" -eq 0 ]
    [ "$output" = "$3" ]
}

@test "the default is all features" { says all "" "$ALL"; }

@test "a build without features has none, whatever the options say" {
    says none "" ""
    says none "canaries=yes,quarantine=yes" ""
}

@test "a build with one feature says so" {
    local feature
    for feature in $ALL; do
        says "only-$feature" "" "$feature"
    done
}

@test "profile=light leaves out quarantine, poison and their check" {
    says all "profile=light" "guard-pages slot-randomization canaries zero-on-free"
}

@test "profile=light with one feature back" {
    says all "profile=light,quarantine=yes" "quarantine guard-pages slot-randomization canaries zero-on-free"
}

@test "profile=off has none" { says all "profile=off" ""; }

@test "COMPATMALLOC_DISABLE=1 has none" {
    export COMPATMALLOC_DISABLE=1
    says all "" ""
}

# --- without features it is an allocator all the same ------------------------------------------------------------------

passes_unit_tests() {
    local build=$1 options=$2 program failed=
    for program in test_malloc test_calloc test_realloc test_aligned test_usable_size test_threads test_fork; do
        run with_build "$build" "$options" "$BUILD/tests/unit/$program"
        if [ "$status" -ne 0 ]; then
            failed=yes
            echo "$program in build $build${options:+ with $options}: exit status $status"
            grep -A9 '^not ok' <<<"$output" || tail -3 <<<"$output"
        fi
    done
    [ -z "$failed" ]
}

@test "unit tests pass in a build without features" { passes_unit_tests none ""; }
@test "unit tests pass in a build with canaries alone" { passes_unit_tests only-canaries ""; }
@test "unit tests pass in a build with zero-on-free alone" { passes_unit_tests only-zero-on-free ""; }
@test "unit tests pass with profile=light" { passes_unit_tests all profile=light; }

# documented PROFILE: that row of the table in docs/security.md.
documented() {
    sed -n "s/^  | $1 \(| [0-9 |]*\) |$/\1/p" docs/security.md | tr -d '|'
}

@test "a freed address comes back when docs/security.md says that it does at the earliest" {
    local profile bytes said place seen
    bytes=(48 300 1000 4000 20000 200000)
    grep -qx '  | bytes | 48 | 300 | 1000 | 4000 | 20000 | over 128 KiB |' docs/security.md
    for profile in default strict; do
        read -ra said < <(documented "$profile")
        [ "${#said[@]}" -eq "${#bytes[@]}" ]
        for place in "${!bytes[@]}"; do
            seen=$(with_build all "profile=$profile" "$BUILD/tests/features/reuse" "${bytes[place]}")
            echo "$profile, ${bytes[place]} bytes: after $seen, and ${said[place]} is documented"
            [ "$seen" -ge "${said[place]}" ] && [ "$seen" -le $((said[place] * 5 / 4 + 4)) ]
        done
    done
}
