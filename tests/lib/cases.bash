# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Run one detection case (tests/detect/misuse.h says what those are) at every size that its source names. For bats files.

# The sizes that the words in `sizes:` stand for. An emulator takes a tenth of a second to start, so there only some of
# the many are tried; what they are about is the same code.
sizes_small() {
    if [ -n "$RUNNER" ]; then
        seq 1 23 300
    else
        seq 1 300
    fi
}

# Around every step of a size class, and the small steps between: eighths of each doubling.
sizes_classes() {
    local power step size
    for power in 256 512 1024 2048 4096 8192 16384 32768 65536; do
        for step in 0 1 2 3 4 5 6 7; do
            size=$((power + step * power / 8))
            if [ -z "$RUNNER" ]; then
                echo $((size - 1)) $size $((size + 1))
            elif [ $((step % 4)) -eq 0 ]; then
                echo $size
            fi
        done
    done
    echo 131071 131072
}

sizes_some() {
    echo 1 16 24 100 256 1000 4096 10000 65536 100000
}

# Page multiples, and sizes that leave a part of their first page unused.
sizes_large() {
    echo 131073 200000 262144 300001 1048576 1048577 5000001 67108864
}

# The value of one line of the case's header.
case_header() {
    sed -n "s|^ \* $2: *||p" "$1"
}

case_sizes() {
    local word
    for word in $(case_header "$1" sizes); do
        case $word in
        small | classes | some | large) "sizes_$word" ;;
        *) echo "$word" ;;
        esac
    done
}

# Skip the test unless all features that it names are compiled into the library (FEATURES as make was given it).
need_features() {
    local feature all=${FEATURES-hardened}
    for feature in "$@"; do
        case " ${all//,/ } " in
        *" hardened "* | *" $feature "*) ;;
        *) skip "needs $feature, which this build leaves out" ;;
        esac
    done
}

# Whether make has built the program.
is_built() {
    [ -x "$1" ] || {
        echo "$1 is not built: make test-programs builds it"
        return 1
    }
}

# Run a command; sets status, and leaves what it prints in the files stdout and stderr.
run_quietly() {
    status=0
    # The outer redirection is for the shell's own remarks about the death of its child.
    { "$@" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" || status=$?; } 2>/dev/null
}

# Run a program with the library, like run_quietly; also sets first_line to the first line on stderr that is the library's.
with_library() {
    local launcher="env LD_PRELOAD=$LIB"
    [ -z "$RUNNER" ] || launcher="$RUNNER -E LD_PRELOAD=$LIB"
    # shellcheck disable=SC2086 # the launcher is a command with arguments
    run_quietly $launcher "$@"
    first_line=$(grep -a -m1 '^compatmalloc:' "$BATS_TEST_TMPDIR/stderr") || true
}

# Whether status and first_line are one of the outcomes in a list "KIND | KIND | fault | unnoticed".
outcome_is_expected() {
    local outcome
    for outcome in ${1//|/ }; do
        if [ "$outcome" = fault ]; then
            [ "$status" -ne 139 ] || return 0
        elif [ "$outcome" = unnoticed ]; then
            [ "$status" -ne 0 ] || [ -n "$first_line" ] || return 0
        elif [ "$status" -eq 134 ] && [[ $first_line == "compatmalloc: $outcome: "* ]]; then
            return 0
        fi
    done
    return 1
}

# A message says what happened, once for all sizes with the same outcome.
describe_outcome() {
    case $status in
    0) echo "ended normally" ;;
    134) echo "died by SIGABRT: ${first_line:-without a report}" ;;
    142) echo "did not end" ;;
    139) echo "faulted${first_line:+ after: $first_line}" ;;
    *) echo "exit status $status${first_line:+: $first_line}" ;;
    esac | sed -e 's/0x[0-9a-f]*/0x.../g'
}

# run_case NAME [PROFILE]: run the case's good and bad half at every size. Fails with a list of sizes for each wrong
# outcome. With a profile, what the case expects of that ("expect PROFILE:") counts, where it says so.
run_case() {
    local name=$1 cases=tests/${CASES:-detect} program=$BUILD/tests/${CASES:-detect}/$1
    local source=$cases/$1.c expect=expect expected from size wanted failures=0
    local -A wrong=()
    is_built "$program" || return 1
    # shellcheck disable=SC2046 # a list of words
    need_features $(case_header "$source" needs)
    if [ -n "${2-}" ]; then
        local -x COMPATMALLOC_OPTIONS=profile=$2
        ! grep -q "^ \* expect $2" "$source" || expect="expect $2"
    fi
    expected=$(case_header "$source" "$expect")
    from=$(sed -n "s|^ \* $expect from \([0-9]*\):.*|\1|p" "$source")
    local sizes
    sizes=$(case_sizes "$source")
    for size in ${sizes:-100}; do
        with_library "$program" good "$size"
        if [ "$status" -ne 0 ] || [ -n "$first_line" ]; then
            wrong["good: $(describe_outcome)"]+=" $size"
        fi
        wanted=$expected
        if [ -n "$from" ] && [ "$size" -ge "$from" ]; then
            wanted=$(case_header "$source" "$expect from $from")
        fi
        with_library "$program" bad "$size"
        if ! outcome_is_expected "$wanted"; then
            wrong["bad, expected $wanted: $(describe_outcome)"]+=" $size"
        fi
    done
    for outcome in "${!wrong[@]}"; do
        echo "$name $outcome; at size:${wrong[$outcome]}" | cut -c1-600
        failures=$((failures + 1))
    done
    [ "$failures" -eq 0 ]
}
