#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The arithmetic of size classes and slots, shown for every size and every offset, over the tables of a started allocator.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    [ -z "${CROSS:-}" ] || skip "needs programs of this machine's own kind"
    classes=$(realpath "${BUILD:-build/release}")/tests/proofs/classes
    if [ ! -x "$classes" ]; then
        echo "$classes does not exist: make check-proofs builds it"
        return 1
    fi
}

need_z3() {
    /usr/bin/python3 -c 'import z3' 2>/dev/null || skip "python3-z3 is not installed; tests/packages.txt names it"
}

readonly SETTINGS="profile=default profile=strict profile=light canaries=no guard-pages=no guard-pages=no,canaries=no"

@test "slots are found exactly, for every offset of every class" {
    local setting
    need_z3
    for setting in $SETTINGS; do
        echo "$setting:"
        COMPATMALLOC_OPTIONS=$setting tests/proofs/multiply.py "$classes"
    done
}

@test "a reciprocal that is one too small or large by a thousand is refuted" {
    need_z3
    run -1 tests/proofs/multiply.py "$classes" -1
    [[ $output == *"are wrong at offset"* ]]
    run -1 tests/proofs/multiply.py "$classes" 1000000
    [[ $output == *"are wrong at offset"* ]]
}

@test "what is done to slots without loops reaches each of their bytes, and each byte of every canary" {
    "$classes" shapes
}

has() {
    grep -qw "$1" /proc/cpuinfo || skip "this processor has no $1"
}

@test "the same with AVX2" {
    has avx2
    "$classes-avx2" shapes
}

@test "the same with AVX-512" {
    has avx512vl
    "$classes-avx512" shapes
}

@test "every size has the smallest class that it fits, every alignment a slot that has it" {
    local setting
    for setting in $SETTINGS; do
        echo "$setting:"
        COMPATMALLOC_OPTIONS=$setting "$classes" check
    done
}
