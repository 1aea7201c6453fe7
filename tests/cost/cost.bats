#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What a malloc and a free cost in instructions is not more than docs/performance.md says, by more than a twentieth. Counts,
# not times: they do not depend on what else the machine does. And what the compiler made of the hot paths is what was meant.

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    export BUILD=${BUILD:-build/release}
    [ "$(uname -m)" = x86_64 ] || skip "the counts are of x86-64"
    command -v valgrind >/dev/null || skip "valgrind is not installed"
    [ "$("${CC:-gcc}" -dumpversion)" = 12 ] || skip "the counts are of what gcc 12 makes"
    case $BUILD in *release) ;; *) skip "the counts are of the release build" ;; esac
}

# The row of the table that begins with that name, without it.
recorded() {
    sed -n "s/^| $1 |//p" docs/performance.md
}

within_a_twentieth() {
    local name=$1 library=$2 options=${3-} row cells cell limit
    row=$(recorded "$name")
    [ -n "$row" ] || { echo "docs/performance.md has no row for $name; tests/cost/count --table makes it"; return 1; }
    cells=$(tests/cost/count "$library" "$options")
    echo "recorded:$row"
    echo "counted: $cells"
    # shellcheck disable=SC2086 # one word each
    set -- ${row//|/ }
    for cell in ${cells//|/ }; do
        limit=$(($1 + ($1 + 19) / 20))
        [ "$cell" -le "$limit" ] || { echo "$cell is more than $1 by more than a twentieth"; return 1; }
        shift
    done
    [ $# -eq 0 ]
}

@test "no feature" { within_a_twentieth none "$BUILD/features/none/libcompatmalloc.so.1"; }
@test "quarantine" { within_a_twentieth quarantine "$BUILD/features/only-quarantine/libcompatmalloc.so.1"; }
@test "canaries" { within_a_twentieth canaries "$BUILD/features/only-canaries/libcompatmalloc.so.1"; }
@test "poison-on-free" { within_a_twentieth poison-on-free "$BUILD/features/only-poison-on-free/libcompatmalloc.so.1"; }
@test "write-after-free-check" { within_a_twentieth write-after-free-check "$BUILD/features/only-write-after-free-check/libcompatmalloc.so.1"; }
@test "zero-on-free" { within_a_twentieth zero-on-free "$BUILD/features/only-zero-on-free/libcompatmalloc.so.1"; }
@test "all features" { within_a_twentieth all "$LIB"; }
@test "the light profile" { within_a_twentieth light "$LIB" profile=light; }
@test "the strict profile" { within_a_twentieth strict "$LIB" profile=strict; }

# The ordinary paths of the default profile, for AVX2 and for AVX-512: what stands with the code that every process needs.
hot_paths() {
    objdump --disassemble --no-show-raw-insn --section=.text "$LIB" | awk '/^[0-9a-f]+ </ { hot = /<(malloc|free)_path[.>]/ } hot' >"$BATS_TEST_TMPDIR/paths"
    [ "$(grep -c '_path[^ ]*>:$' "$BATS_TEST_TMPDIR/paths")" -eq 4 ]
}

@test "on the fast paths nothing is called or divided, and one instruction is atomic" {
    hot_paths
    run ! grep -E '\s(call|i?div)' "$BATS_TEST_TMPDIR/paths"
    [ "$(grep -c '\slock ' "$BATS_TEST_TMPDIR/paths")" -eq 2 ]
}

@test "no pointer is kept in a vector register meanwhile" {
    hot_paths
    run ! grep -E 'vmov[dq] +%xmm[0-9]+,%[re]' "$BATS_TEST_TMPDIR/paths"
}

@test "variants that few processes need stand behind what all need" {
    readelf --wide --sections "$LIB" >"$BATS_TEST_TMPDIR/sections"
    address() { awk -v name="$1" '{ for (i = 1; i < NF; i++) if ($i == name) print $(i + 2) }' "$BATS_TEST_TMPDIR/sections"; }
    [[ "$(address .text)" < "$(address .rodata)" && "$(address .rodata)" < "$(address .text_variants)" ]]
}
