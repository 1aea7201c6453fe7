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

# Every fourth where an emulator looks at tags, which makes it ten times as slow.
case_sizes() {
    local word
    for word in $(case_header "$1" sizes); do
        case $word in
        small | classes | some | large) "sizes_$word" ;;
        *) echo "$word" ;;
        esac
    done | tr ' ' '\n' | awk -v step="${TAGS:+4}" 'step == "" || NR % step == 1'
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
# Without any fork but for the program: thousands are run, and forks are what that time would go to.
with_library() {
    local line preload=$LIB
    local -a emulator=()
    if [ -n "$RUNNER" ]; then
        # shellcheck disable=SC2206 # a command with arguments
        emulator=($RUNNER -E "LD_PRELOAD=$LIB")
        preload=
    fi
    LD_PRELOAD=$preload run_quietly "${emulator[@]}" "$@"
    first_line=
    while IFS= read -r line; do
        if [[ $line == compatmalloc:* ]]; then
            first_line=$line
            break
        fi
    done <"$BATS_TEST_TMPDIR/stderr"
}

is_unnoticed() {
    [ "$status" -eq 0 ] && [ -z "$first_line" ]
}

# Whether status and first_line are one of the outcomes in a list "KIND | KIND | report | fault | unnoticed", where `report`
# is one of any kind.
outcome_is_expected() {
    local outcome
    for outcome in ${1//|/ }; do
        case $outcome in
        fault) [ "$status" -ne 139 ] || return 0 ;;
        unnoticed) ! is_unnoticed || return 0 ;;
        report) [ "$status" -ne 134 ] || [ -z "$first_line" ] || return 0 ;;
        *) [ "$status" -ne 134 ] || [[ $first_line != "compatmalloc: $outcome: "* ]] || return 0 ;;
        esac
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

# Sets expected, from and expected_from to what the case's source expects of bad in this profile.
read_expectations() {
    local key=expect
    ! grep -q "^ \* expect $1" "$source" || key="expect $1"
    expected=$(case_header "$source" "$key")
    from=$(sed -n "s|^ \* $key from \([0-9]*\):.*|\1|p" "$source")
    expected_from=$(case_header "$source" "$key from $from")
    # Memory tags find it at once, whatever else would later.
    if [ -n "${TAGS:-}" ]; then
        expected+=" | fault" expected_from+=" | fault"
    fi
}

# Run the case's bad half in this profile at these sizes.
run_bad() {
    local profile=$1 size wanted
    local -x COMPATMALLOC_OPTIONS=profile=$profile${options:+,$options}
    shift
    for size in "$@"; do
        wanted=$expected
        if [ -n "$from" ] && [ "$size" -ge "$from" ]; then
            wanted=$expected_from
        fi
        with_library "$program" bad "$size"
        if ! outcome_is_expected "$wanted"; then
            wrong["bad in profile $profile, expected $wanted: $(describe_outcome)"]+=" $size"
        fi
    done
}

# Run the case's good half in this profile at these sizes, one after the other in one process; where that fails, at each
# alone, to say which.
run_good() {
    local profile=$1 size
    local -x COMPATMALLOC_OPTIONS=profile=$profile
    shift
    with_library "$program" good "$@"
    if is_unnoticed; then
        return
    fi
    wrong["good in profile $profile: $(describe_outcome)"]="s together: $*"
    for size in "$@"; do
        with_library "$program" good "$size"
        is_unnoticed || wrong["good in profile $profile, alone: $(describe_outcome)"]+=" $size"
    done
}

# What the default profile finds the strict one must find too, be it earlier and as something else. Long lists of sizes are
# about every single one, of which a few will do here; under an emulator a third of any list.
run_bad_in_strict() {
    local size place=0
    local -a some=()
    read_expectations strict
    if ! grep -q "^ \* expect strict" "$source"; then
        expected+=" | report | fault" expected_from+=" | report | fault"
    fi
    for size in "$@"; do
        if [ -n "$RUNNER" ]; then
            [ $((place++ % 3)) -ne 0 ] || some+=("$size")
        elif [ $# -le 20 ] || [ $((size % 50)) -eq 0 ]; then
            some+=("$size")
        fi
    done
    run_bad strict "${some[@]}"
}

# run_case NAME [PROFILE]: run the case's bad half in the profile where it is found, and its good half in every one, at every
# size. With a profile, all is done in that one. Fails with a list of sizes for each wrong outcome.
run_case() {
    local name=$1 program=$BUILD/tests/${CASES:-detect}/$1
    local source outcome profile options expected from expected_from
    local -a sizes
    local -A wrong=()
    source=$(echo "tests/${CASES:-detect}/$name".c*)
    if [ "${source##*.}" = cc ] && [ -n "${CROSS:-}" ] && ! command -v "$CROSS-g++" >/dev/null; then
        skip "needs $CROSS-g++"
    fi
    is_built "$program" || return 1
    # shellcheck disable=SC2046 # a list of words
    need_features $(case_header "$source" needs)
    options=$(case_header "$source" options)
    # shellcheck disable=SC2207 # a list of numbers
    sizes=($(case_sizes "$source"))
    [ "${#sizes[@]}" -ne 0 ] || sizes=(100)
    profile=${2-$(case_header "$source" profile)}
    read_expectations "${profile:-default}"
    run_bad "${profile:-default}" "${sizes[@]}"
    [ -n "$profile" ] || run_bad_in_strict "${sizes[@]}"
    for profile in ${2-default strict light}; do
        run_good "$profile" "${sizes[@]}"
    done
    for outcome in "${!wrong[@]}"; do
        echo "$name $outcome; at size${wrong[$outcome]}" | cut -c1-600
    done
    [ "${#wrong[@]}" -eq 0 ]
}
