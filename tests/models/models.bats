#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The protocols between threads, model-checked: spin walks through every order in which their steps can happen. Each model
# can be told to make a mistake, which must be found.

bats_require_minimum_version 1.5.0

setup() {
    models=$BATS_TEST_DIRNAME
    for tool in spin gcc; do
        command -v "$tool" >/dev/null || skip "$tool is not installed; tests/packages.txt names its package"
    done
    cd "$BATS_TEST_TMPDIR" || return 1
}

# verify MODEL [-DNAME...]: prints what was found wrong, if anything was.
verify() {
    local model=$1
    shift
    spin "$@" -a "$models/$model.pml" >spin.log || { cat spin.log && return 1; }
    gcc -O2 -w -DSAFETY -DCOLLAPSE -o verify pan.c
    ./verify -m1000000 >verify.log
    grep -E '^pan:1|errors:' verify.log
    ! grep -q 'search depth too small\|max search depth' verify.log
}

holds() {
    run -0 verify "$@"
    echo "$output"
    [[ $output == *"errors: 0"* ]]
}

# Every mistake that the model's heading lists.
mistakes_are_found() {
    local model=$1 mistake mistakes count=0
    shift
    mapfile -t mistakes < <(grep -o '^ \* -DMISTAKE=[0-9]' "$models/$model.pml")
    for mistake in "${mistakes[@]#* \* }"; do
        echo "$mistake"
        run -0 verify "$model" "$mistake" "$@"
        echo "$output"
        [[ $output == *"pan:1: "* ]]
        count=$((count + 1))
    done
    [ "$count" -ge 2 ]
}

@test "hand-back: no slot is in two places or lost on its way" { holds hand-back; }
@test "hand-back: mistakes are found" { mistakes_are_found hand-back; }
@test "racing frees: one of them frees, the others are reported" { holds racing-frees; }
@test "racing frees: mistakes are found" { mistakes_are_found racing-frees; }
@test "spare parcels: each is one thread's or in the stack" { holds spare; }
@test "spare parcels: mistakes are found" { mistakes_are_found spare; }
@test "turns: one at a time, and nobody waits for ever" { holds turn; }
@test "turns: nobody waits for a thread that is gone" { holds turn -DVANISHES; }
@test "turns: mistakes are found" { mistakes_are_found turn -DVANISHES; }
@test "levels: what is entered is found, whoever adds a level meanwhile" { holds levels; }
@test "levels: mistakes are found" { mistakes_are_found levels; }
@test "growth: what is below the limit is mapped, whoever makes a table grow" { holds growth; }
@test "growth: mistakes are found" { mistakes_are_found growth; }
