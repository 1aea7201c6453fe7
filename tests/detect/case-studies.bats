#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The case studies of docs/case-studies.md: for each, what compatmalloc does about the mistake and, where that depends on
# no luck, that under glibc alone the attacker reaches his aim. The programs are in tests/case-studies/.

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    ulimit -c 0
    unset GLIBC_TUNABLES
    export BUILD=${BUILD:-build/release} RUNNER=${RUNNER:-}
    export LIB=${LIB:-$PWD/$BUILD/libcompatmalloc.so.1}
}

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    # shellcheck source=tests/lib/cases.bash
    source tests/lib/cases.bash
    CASES=case-studies
}

# Run a half of a case without the library; sets status and output.
with_glibc() {
    if [ -n "$RUNNER" ] || [ "$(getconf GNU_LIBC_VERSION)" != "glibc 2.36" ]; then
        skip "where blocks lie is known for glibc 2.36 only, and this is ${RUNNER:-$(getconf GNU_LIBC_VERSION)}"
    fi
    run "$BUILD/tests/$CASES/$1" "$2" "$3"
}

# Under glibc the misuse leads to what the attacker wanted, and honest input does not.
attacker_wins() {
    with_glibc "$1" bad "$2"
    [[ $output == *"attacker: $3"* ]] || {
        echo "status $status, output: $output"
        return 1
    }
    with_glibc "$1" good "$2"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

# Sets loot to what the attacker would have got, with the library; empty if nothing.
loot() {
    # shellcheck disable=SC2046 # a list of words
    need_features $(case_header "tests/$CASES/$1.c" needs)
    with_library "$BUILD/tests/$CASES/$1" bad "$2"
    loot=$(sed -n 's/^attacker: //p' "$BATS_TEST_TMPDIR/stdout")
}

# With the library the program is stopped before the attacker's aim is reached, in each of a few runs.
attacker_loses() {
    local i
    for i in 1 2 3 4 5; do
        loot "$1" "$2"
        [ -z "$loot" ] || {
            echo "run $i: $loot"
            return 1
        }
    done
}

@test "every program is run here" {
    local source
    for source in tests/case-studies/*.c; do
        if ! grep -q "run_case $(basename "$source" .c)\( \|$\)" "$BATS_TEST_FILENAME"; then
            echo "$source is not run"
            return 1
        fi
    done
}

@test "every case is described" {
    local source cve
    for source in tests/case-studies/*.c; do
        cve=$(grep -o -m1 'CVE-[0-9]*-[0-9]*' "$source")
        if ! grep -q "^## .*$cve" docs/case-studies.md || ! grep -q "$(basename "$source" .c)" docs/case-studies.md; then
            echo "docs/case-studies.md does not tell of $source, $cve"
            return 1
        fi
    done
}

@test "CVE-2021-3156 (sudo): the attacker wins under glibc" {
    attacker_wins sudo-unescape 40 "root loads libnss_X/evil.so.2"
}
@test "CVE-2021-3156 (sudo): found when the block is freed" {
    run_case sudo-unescape
    run_case sudo-unescape strict
}
@test "CVE-2021-3156 (sudo): a block that is kept is found when the program ends" {
    run_case sudo-unescape-kept
    run_case sudo-unescape-kept strict
}

@test "CVE-2021-3156 (sudo): the neighbour is hardly ever the right one" {
    need_features slot-randomization
    local i hits=0
    for i in {1..30}; do
        loot sudo-unescape-kept 40
        [ -z "$loot" ] || hits=$((hits + 1))
    done
    # It is about one in a hundred. Five of thirty would then happen once in a hundred thousand test runs.
    [ "$hits" -lt 5 ] || {
        echo "$hits of 30 attempts succeeded"
        return 1
    }
}

@test "CVE-2023-6246 (syslog): the attacker wins under glibc" {
    attacker_wins syslog-header 1100 "root loads /tmp/evil.so"
}
@test "CVE-2023-6246 (syslog): found before the function returns" {
    run_case syslog-header
    run_case syslog-header strict
}
@test "CVE-2023-6246 (syslog): the attacker loses" { attacker_loses syslog-header 1100; }

@test "CVE-2024-2961 (iconv): glibc does not notice" {
    with_glibc iconv-escape bad 100
    [ "$status" -eq 0 ]
}
@test "CVE-2024-2961 (iconv): one to three bytes are found" {
    run_case iconv-escape
    run_case iconv-escape strict
}

@test "CVE-2024-2961 (iconv): in a pool of the program's own, the attacker wins under glibc" {
    attacker_wins iconv-escape-own-pool 256 "the server runs evil"
}
@test "CVE-2024-2961 (iconv): in a pool of the program's own, nothing is found" {
    run_case iconv-escape-own-pool
    run_case iconv-escape-own-pool strict
}
@test "CVE-2024-2961 (iconv): in a pool of the program's own, the attacker wins" {
    loot iconv-escape-own-pool 256
    [ "$loot" = "the server runs evil" ]
}

@test "CVE-2023-25136 (sshd): the attacker wins under glibc" {
    attacker_wins sshd-kex-list 0 "the server runs whatever is at the address that was sent"
    attacker_wins sshd-kex-list 32 "the server runs whatever is at the address that was sent"
}
@test "CVE-2023-25136 (sshd): the second free is found" {
    run_case sshd-kex-list
    run_case sshd-kex-list strict
}
@test "CVE-2023-25136 (sshd): the attacker loses" { attacker_loses sshd-kex-list 32; }

@test "CVE-2014-0160 (Heartbleed): the attacker wins under glibc" {
    attacker_wins heartbleed 65535 "the answer holds session=alice"
    attacker_wins heartbleed-small-buffer 2000 "the answer holds session=alice"
}
@test "CVE-2014-0160 (Heartbleed): what is read beyond the buffer is stopped" {
    run_case heartbleed
    run_case heartbleed strict
}
@test "CVE-2014-0160 (Heartbleed): the attacker gets nothing from out of the buffer" { attacker_loses heartbleed 65535; }
@test "CVE-2014-0160 (Heartbleed): what an earlier record left in the buffer is not protected" {
    loot heartbleed 5000
    [ "$loot" = "the answer holds password=hunter2" ]
}
@test "CVE-2014-0160 (Heartbleed): a short read beyond a small block is found in the strict profile only" {
    run_case heartbleed-small-buffer
    run_case heartbleed-small-buffer strict
}

@test "CVE-2016-6309 (OpenSSL): the attacker wins under glibc" {
    attacker_wins tls-moved-buffer 16384 "the guest's role is administrator"
}
@test "CVE-2016-6309 (OpenSSL): the write is found when the memory is used again, or at once" {
    run_case tls-moved-buffer
    run_case tls-moved-buffer strict
}
@test "CVE-2016-6309 (OpenSSL): the attacker loses" { attacker_loses tls-moved-buffer 16384; }
