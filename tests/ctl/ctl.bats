#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# compatmallocctl, verb by verb: what it prints, what it does, how it exits.

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    BUILD_DIR=$(realpath "${COMPATMALLOC_BUILD:-${BUILD:-build/release}}")
    export BUILD_DIR
    export LIBRARY=$BUILD_DIR/libcompatmalloc.so.1
    unset LD_PRELOAD COMPATMALLOC_OPTIONS COMPATMALLOC_CONF COMPATMALLOC_DISABLE
}

setup() {
    load /usr/lib/bats/bats-support/load
    load /usr/lib/bats/bats-assert/load
    ctl=$BUILD_DIR/compatmallocctl
    started=()
}

teardown() {
    stop "${started[@]}"
}

# Kill processes, and wait until they are gone.
stop() {
    local number
    for number in "$@"; do
        kill -KILL "$number" 2>/dev/null || true
        while [ -e "/proc/$number" ]; do
            sleep 0.05
        done
    done
}

# Begin a command that waits to be killed, with its number in $pid.
begin() {
    "$@" 3>&- &
    pid=$!
    # The shell has no part in its end.
    disown "$pid"
    started+=("$pid")
}

# The same, until it runs what it was told to run.
start() {
    begin "$@"
    while [ "$(readlink "/proc/$pid/exe")" = "$(readlink /proc/$$/exe)" ]; do
        kill -0 "$pid"
        sleep 0.05
    done
    # When it sleeps, the dynamic loader has done its work.
    until grep -q '^State:.S' "/proc/$pid/status"; do
        kill -0 "$pid"
        sleep 0.05
    done
}

start_protected() {
    start env LD_PRELOAD="$LIBRARY" sleep 1000
}

# The value of a Python expression over the JSON document in $output, called `answer`.
json() {
    python3 -c 'import json, sys; answer = json.loads(sys.argv[2]); print(eval(sys.argv[1]))' "$1" "$output"
}

# --- help and mistakes ---

# Verbs as --help lists them, one a line.
verbs() {
    "$ctl" --help | sed -n 's/^  \([a-z-]*\( [a-z]\+\)\?\)\( [[A-Z].*\)\?$/\1/p' | sed 's/ *$//'
}

@test "--help, each verb's --help and the manual page agree on verbs and options" {
    verbs >"$BATS_TEST_TMPDIR/help"
    cat "$BATS_TEST_TMPDIR/help"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/help")" -ge 8 ]
    local verb
    while read -r verb; do
        # shellcheck disable=SC2086 # two words, perhaps
        "$ctl" $verb --help >"$BATS_TEST_TMPDIR/one"
        grep -Fq "$("$ctl" --help | grep -E "^  $verb( |\$)" | sed 's/^  //')" "$BATS_TEST_TMPDIR/one"
        sed -n 's/^      --\([a-z-]*\).*/\1/p' "$BATS_TEST_TMPDIR/one" | sort >"$BATS_TEST_TMPDIR/options"
        # What its item of the manual page's list says, up to the next verb's.
        awk -v verb="$verb" '/^\.\\" verbs end/ { on = 0 } /^\.It Cm / { on = $0 == ".It Cm " verb; next }
            on && /^\.It Fl -/ { sub(/^\.It Fl -/, ""); sub(/ .*/, ""); print }' docs/man/compatmallocctl.8 |
            sort >"$BATS_TEST_TMPDIR/manual"
        grep -qx ".It Cm $verb" docs/man/compatmallocctl.8
        diff -u "$BATS_TEST_TMPDIR/options" "$BATS_TEST_TMPDIR/manual"
    done <"$BATS_TEST_TMPDIR/help"
    # And no verb is in the manual page alone.
    sed -n '/verbs begin/,/verbs end/s/^\.It Cm \([a-z -]*\)$/\1/p' docs/man/compatmallocctl.8 | sort >"$BATS_TEST_TMPDIR/manual"
    sort "$BATS_TEST_TMPDIR/help" | diff -u - "$BATS_TEST_TMPDIR/manual"
}

@test "system --help is the help of all its verbs, and -h is --help" {
    local verb
    run -0 "$ctl" system --help
    for verb in enable confirm disable status; do
        assert_output --partial "Usage: compatmallocctl system $verb"
    done
    [[ $output != *"system wake"* ]]
    diff <("$ctl" system --help) <("$ctl" system -h)
    diff <("$ctl" status --help) <("$ctl" status -h)
}

@test "completion offers every verb, and every option of each" {
    local verb word
    while read -r verb; do
        word=${verb%% *}
        "$ctl" complete "${word:0:2}" | grep -qx "$word"
        if [ "$verb" != "$word" ]; then
            "$ctl" complete "$word" '' | grep -qx "${verb#* }"
        fi
        # shellcheck disable=SC2086 # two words, perhaps
        diff -u <("$ctl" $verb --help | sed -n 's/^      --\([a-z-]*=\?\).*/--\1/p') <("$ctl" complete $verb -- | grep -v '^--help$')
    done < <(verbs)
    [ "$("$ctl" complete enable --profile=s)" = strict ]
    [ "$("$ctl" complete events --kind=d)" = double-free ]
    [ "$("$ctl" complete enable '')" = "<unit>" ]
    [ "$("$ctl" complete check-config '')" = "<file>" ]
    [ -z "$("$ctl" complete there-is-no-such-verb '')" ]
}

@test "bash completes by it" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s "$ctl" "$BATS_TEST_TMPDIR/bin/compatmallocctl"
    cat >"$BATS_TEST_TMPDIR/try" <<'EOF'
. src/ctl/completion/compatmallocctl
compopt() { :; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_compatmallocctl
echo "${COMPREPLY[*]}"
EOF
    complete_in_bash() {
        PATH=$BATS_TEST_TMPDIR/bin:$PATH bash "$BATS_TEST_TMPDIR/try" compatmallocctl "$@"
    }
    [ "$(complete_in_bash ver)" = verify ]
    [ "$(complete_in_bash run --prof)" = --profile= ]
    [ "$(complete_in_bash run --profile = l)" = light ]
    [ "$(complete_in_bash check-config docs/man/compatmallocc)" = docs/man/compatmallocctl.8 ]
    bash -n src/ctl/completion/compatmallocctl
}

@test "zsh completes by it" {
    if ! command -v zsh >/dev/null; then
        skip "zsh is not installed"
    fi
    zsh -n src/ctl/completion/_compatmallocctl
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s "$ctl" "$BATS_TEST_TMPDIR/bin/compatmallocctl"
    cat >"$BATS_TEST_TMPDIR/try" <<'EOF'
compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -r -- "$@" }
compset() { }
_files() { print files }
words=("$@")
CURRENT=$#
. src/ctl/completion/_compatmallocctl
EOF
    complete_in_zsh() {
        PATH=$BATS_TEST_TMPDIR/bin:$PATH zsh -f "$BATS_TEST_TMPDIR/try" compatmallocctl "$@"
    }
    [ "$(complete_in_zsh ver)" = verify ]
    [ "$(complete_in_zsh run --prof)" = --profile= ]
    [ "$(complete_in_zsh run --profile=l)" = light ]
    [ "$(complete_in_zsh check-config '')" = files ]
}

@test "--version is the library's version" {
    run -0 "$ctl" --version
    assert_output "compatmallocctl $(sed -n 's/^#define COMPATMALLOC_VERSION_STRING "\(.*\)"/\1/p' include/compatmalloc.h)"
}

@test "what is not understood is a usage error that says so" {
    run -2 "$ctl"
    assert_output --partial "compatmallocctl --help"
    run -2 "$ctl" protect
    assert_output --partial "there is no verb 'protect'"
    run -2 "$ctl" status nginx
    assert_output --partial "status takes no arguments"
    run -2 "$ctl" verify --unti=nginx
    assert_output --partial "'--unti=nginx'"
    run -2 "$ctl" verify --pid
    assert_output --partial "lacks its value"
    run -2 "$ctl" verify --pid=1 --all
    assert_output --partial "give one of"
    run -2 "$ctl" verify nginx
    assert_output --partial "give one of"
    run -2 "$ctl" check-config a b
    assert_output --partial "one file"
    run -2 "$ctl" run --profil
    assert_output --partial "'--profil'"
    run -2 "$ctl" run
    assert_output --partial "which command"
}

@test "an answer that cannot be written is trouble" {
    # shellcheck disable=SC2016 # the inner shell expands it
    run -2 bash -c '"$1" status > /dev/full' - "$ctl"
    assert_output --partial "cannot write to standard output"
}

# --- run ---

@test "run: the command has the library in it" {
    run -0 "$ctl" run grep -c "r-xp.*$LIBRARY" /proc/self/maps
}

@test "run: other libraries that are preloaded still are, behind ours" {
    LD_PRELOAD=libm.so.6 run -0 "$ctl" run printenv LD_PRELOAD
    assert_output "$LIBRARY:libm.so.6"
    LD_PRELOAD='' run -0 "$ctl" run printenv LD_PRELOAD
    assert_output "$LIBRARY"
}

@test "run: profile and options reach the command, in the order given" {
    run -0 "$ctl" run --option=canaries=no --profile=strict --option quarantine-size=64K printenv COMPATMALLOC_OPTIONS
    assert_output "canaries=no,profile=strict,quarantine-size=64K"
}

@test "run: without options, those of the environment stay" {
    COMPATMALLOC_OPTIONS=journal=no run -0 "$ctl" run printenv COMPATMALLOC_OPTIONS
    assert_output "journal=no"
    COMPATMALLOC_OPTIONS=journal=no run -0 "$ctl" run --profile=light printenv COMPATMALLOC_OPTIONS
    assert_output "profile=light"
}

@test "run: wrong options are named, and the command is not run" {
    run -2 "$ctl" run --profile=best touch "$BATS_TEST_TMPDIR/ran"
    assert_output --partial '"best": not a profile'
    run -2 "$ctl" run --option=canary=yes touch "$BATS_TEST_TMPDIR/ran"
    assert_output --partial '"canary": no such key'
    run -2 "$ctl" run --option=allow-environment=no touch "$BATS_TEST_TMPDIR/ran"
    assert_output --partial 'configuration file only'
    run -2 "$ctl" run --option=canaries=no,journal=no touch "$BATS_TEST_TMPDIR/ran"
    assert_output --partial 'an --option of its own'
    [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "every verb can say it as data, but the one that says nothing" {
    local verb missing=
    while read -r verb; do
        # shellcheck disable=SC2086 # two words, perhaps
        "$ctl" $verb --help | grep -q -- --json || missing+=" $verb"
    done < <(verbs)
    [ "$missing" = " run" ]
    run -2 "$ctl" run --json true
    assert_line --index 0 "compatmallocctl: run: there is no --json, for it prints nothing of its own"
}

@test "run: options behind the command are the command's" {
    run -0 "$ctl" run echo --profile=best -- --help
    assert_output -- "--profile=best -- --help"
    run -0 "$ctl" run -- echo --profile=best
    assert_output -- "--profile=best"
}

@test "run: exits as the command does" {
    run -7 "$ctl" run sh -c 'exit 7'
    run -127 "$ctl" run "$BATS_TEST_TMPDIR/there-is-no-such-command"
    assert_output --partial "No such file"
    run -126 "$ctl" run "$BATS_TEST_TMPDIR"
    assert_output --partial "Permission denied"
}

@test "run: an installed tool leaves the search to the dynamic loader" {
    cp "$ctl" "$BATS_TEST_TMPDIR/compatmallocctl"
    run -0 --separate-stderr "$BATS_TEST_TMPDIR/compatmallocctl" run printenv LD_PRELOAD
    assert_output libcompatmalloc.so.1
}

@test "run: a path that LD_PRELOAD cannot hold is refused" {
    mkdir "$BATS_TEST_TMPDIR/my folder"
    cp "$ctl" "$LIBRARY" "$BATS_TEST_TMPDIR/my folder/"
    run -2 "$BATS_TEST_TMPDIR/my folder/compatmallocctl" run true
    assert_output --partial "blank"
}

# --- verify ---

@test "verify --pid: a process with the library is protected" {
    start_protected
    run -0 "$ctl" verify --pid="$pid"
    assert_output "1 of 1 processes protected"
}

@test "verify --pid: a process without it is not" {
    start sleep 1000
    run -1 "$ctl" verify --pid "$pid"
    assert_line --index 0 --regexp "^/.*/(sleep|coreutils) \(PID $pid.*\): not protected\$"
    assert_line --index 1 "0 of 1 processes protected"
}

@test "verify --pid: no process, no answer" {
    start sleep 1000
    stop "$pid"
    run -2 "$ctl" verify --pid="$pid"
    assert_output --partial "no such process"
    local wrong
    for wrong in 0 -1 x 1x '' 99999999999999999999; do
        run -2 "$ctl" verify --pid="$wrong"
        assert_output --partial "no process's number"
    done
}

@test "verify --wait: a program that is about to become another one is not taken for it" {
    begin env LD_PRELOAD="$LIBRARY" bash -c 'sleep 0.1; exec env -u LD_PRELOAD sleep 1000'
    run -1 "$ctl" verify --pid="$pid" --wait=2
    assert_output --partial "/sleep (PID $pid): not protected"
    start_protected
    run -0 "$ctl" verify --pid="$pid" --wait=2
}

@test "verify --pid: a process that has ended and is not yet waited for gives no answer" {
    # exec: nobody waits for the child, which stays a zombie.
    start bash -c 'sleep 0 & exec sleep 1000'
    local zombie=
    local tries
    for tries in {1..200}; do
        zombie=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
        if [ -n "$zombie" ] && grep -q '^State:.Z' "/proc/$zombie/status"; then
            break
        fi
        sleep 0.05
    done
    [ "$tries" -lt 200 ]
    run -2 "$ctl" verify --pid="$zombie"
    assert_output --partial "a zombie"
}

@test "verify: who only reads the library is not protected by it" {
    start python3 -c 'import mmap, os, sys, time
file = os.open(sys.argv[1], os.O_RDONLY)
data = mmap.mmap(file, 0, prot=mmap.PROT_READ)
open(sys.argv[2], "w").close()
time.sleep(1000)' "$LIBRARY" "$BATS_TEST_TMPDIR/mapped"
    until [ -e "$BATS_TEST_TMPDIR/mapped" ]; do
        sleep 0.05
    done
    grep -q "$LIBRARY" "/proc/$pid/maps"
    run -1 "$ctl" verify --pid="$pid"
}

@test "verify: a process goes on being protected by a library that has been replaced" {
    cp "$LIBRARY" "$BATS_TEST_TMPDIR/libcompatmalloc.so.1"
    start env LD_PRELOAD="$BATS_TEST_TMPDIR/libcompatmalloc.so.1" sleep 1000
    rm "$BATS_TEST_TMPDIR/libcompatmalloc.so.1"
    run -0 "$ctl" verify --pid="$pid" --json
    [ "$(json 'answer["processes"][0]["library"]')" = "$BATS_TEST_TMPDIR/libcompatmalloc.so.1 (deleted)" ]
}

@test "verify --all, and without any choice: names whom it misses" {
    start sleep 1000
    local arguments
    for arguments in --all ''; do
        run -1 "$ctl" verify $arguments
        assert_line --regexp "\(PID $pid.*\): not protected\$"
        assert_line --regexp "^[0-9]+ of [0-9]+ processes protected\$"
        refute_output --partial compatmallocctl
    done
}

@test "verify --json: the same as data" {
    start_protected
    run -0 "$ctl" verify --json --pid="$pid"
    [ "$(json 'answer["protected"], answer["unprotected"], answer["unreadable"]')" = "(1, 0, 0)" ]
    [ "$(json 'sorted(answer["processes"][0])')" = "['library', 'pid', 'program', 'protected', 'unit']" ]
    [ "$(json 'answer["processes"][0]["pid"]')" = "$pid" ]
    [ "$(json 'answer["processes"][0]["protected"]')" = True ]
    [ "$(json 'answer["processes"][0]["library"]')" = "$LIBRARY" ]
    [ "$(json 'answer["processes"][0]["program"]')" = "$(readlink "/proc/$pid/exe")" ]
    start sleep 1000
    run -1 "$ctl" verify --pid="$pid" --json
    [ "$(json 'answer["unprotected"], answer["processes"][0]["protected"], answer["processes"][0]["library"]')" = "(1, False, None)" ]
}

@test "verify: what may not be looked at is no answer" {
    if [ "$(id -u)" -ne 0 ]; then
        run -2 "$ctl" verify --pid=1 --json
    else
        start_protected
        # A copy, in a place that everybody can reach.
        local shared
        shared=$(mktemp /tmp/compatmallocctl.XXXXXX)
        cp "$ctl" "$shared"
        chmod 755 "$shared"
        run -2 setpriv --reuid=65534 --regid=65534 --clear-groups "$shared" verify --pid="$pid" --json
        rm "$shared"
    fi
    [ "$(json 'answer["unreadable"], answer["processes"][0]["protected"]')" = "(1, None)" ]
}

@test "verify --unit: all processes of a service, and no others" {
    # Where systemd looks: the unified hierarchy, in whichever place, or else its own.
    local root
    for root in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
        [ ! -e $root/cgroup.procs ] || break
    done
    local unit=compatmalloc-test8.2-$$ other=compatmalloc-test-other-$$
    local group=$root/system.slice/$unit.service other_group=$root/system.slice/$other.service
    if ! mkdir -p "$group" "$other_group" 2>/dev/null; then
        skip "no control group of systemd's kind can be made here (that needs root and a writable /sys/fs/cgroup)"
    fi
    start_protected
    echo "$pid" >"$group/cgroup.procs"
    start sleep 1000
    echo "$pid" >"$other_group/cgroup.procs"
    run "$ctl" verify --unit=$unit
    local one=$status one_output=$output
    start sleep 1000
    echo "$pid" >"$group/cgroup.procs"
    run "$ctl" verify --unit=$unit.service
    local two=$status two_output=$output
    run "$ctl" status
    local table=$output
    run "$ctl" verify --unit=$unit --json
    # Before anything can fail: the groups must be empty to be removed.
    stop "${started[@]}"
    rmdir "$group" "$other_group"
    rmdir "${group%/*}" 2>/dev/null || true
    if [ "$one" -eq 2 ] && [[ $one_output == *"built without libsystemd"* ]]; then
        skip "this compatmallocctl was built without libsystemd"
    fi
    echo "$one_output"
    [ "$one" -eq 0 ]
    [ "$one_output" = "1 of 1 processes protected" ]
    echo "$two_output"
    [ "$two" -eq 1 ]
    [[ $two_output == *"PID $pid, $unit.service): not protected"*"1 of 2 processes protected" ]]
    [ "$(json '[p["unit"] for p in answer["processes"]]')" = "['$unit.service', '$unit.service']" ]
    echo "$table"
    grep -Eq "^$unit\.service +$pid +no +-" <<<"$table"
    # Sorted by unit, although the processes were not started in that order; what belongs to none comes last.
    awk '/^$/ { exit } NR == 1 { next } $1 == "-" { alone = 1; next } alone || $1 < last { exit 1 } { last = $1 }' <<<"$table"
}

@test "verify --unit: a unit without processes is no answer" {
    run -2 "$ctl" verify --unit=compatmalloc-test-there-is-no-such-unit
    if [[ $output == *"built without libsystemd"* ]]; then
        skip "this compatmallocctl was built without libsystemd"
    fi
    assert_output --partial "compatmalloc-test-there-is-no-such-unit.service: no running process"
}

# --- status ---

@test "status: a table of all processes" {
    start_protected
    local protected=$pid
    start sleep 1000
    run -0 "$ctl" status
    assert_line --index 0 --regexp "^UNIT +PID  PROTECTED  PROFILE +UP +MEMORY  EVENTS  PROGRAM\$"
    assert_line --regexp "^[^ ]+ +$protected +yes +[(]?default[)]? +0min +[0-9]+M +0  /"
    assert_line --regexp "^[^ ]+ +$pid +no +- +0min +[0-9]+M +0  /"
    assert_line --regexp "^[0-9]+ of [0-9]+ processes protected"
    refute_output --partial $'\033'
}

@test "status --json: the same as data" {
    start_protected
    run -0 "$ctl" status --json
    [ "$(json "[p['protected'] for p in answer['processes'] if p['pid'] == $pid]")" = "[True]" ]
    [ "$(json 'answer["protected"] + answer["unprotected"] + answer["unreadable"] == len(answer["processes"])')" = True ]
}

@test "status: colours and cut lines are for terminals" {
    start sleep 1000
    run -0 script --quiet --return --command "stty cols 50; exec $ctl status" /dev/null </dev/null
    assert_output --partial $'\033[31mno\033[0m'
    sed $'s/\033\\[[0-9;]*m//g; s/\r$//' <<<"$output" | grep -v ' processes protected' >"$BATS_TEST_TMPDIR/lines"
    run ! grep -E '^.{51}' "$BATS_TEST_TMPDIR/lines"
    [ "$("$ctl" status | grep -v ' processes protected' | grep -Ec '^.{51}')" -ge 1 ]
    NO_COLOR=1 run -0 script --quiet --return --command "exec $ctl status" /dev/null </dev/null
    refute_output --partial $'\033'
}

# As status has it, of the process $pid.
profile_and_state() {
    run -0 "$ctl" status --json
    json "[(p['profile'], p['in_force'], p['state']) for p in answer['processes'] if p['pid'] == $pid]"
}

@test "status: what a process was told when it started is in force, whatever the configuration says now" {
    [ "$(id -u)" -eq 0 ] || skip "only root can read other processes' memory"
    printf 'profile = light\non-error = log\n' >"$BATS_TEST_TMPDIR/conf"
    start env LD_PRELOAD="$LIBRARY" COMPATMALLOC_CONF="$BATS_TEST_TMPDIR/conf" sleep 1000
    printf 'profile = strict\n' >"$BATS_TEST_TMPDIR/conf"
    [ "$(profile_and_state)" = "[('light', True, 'audit')]" ]
    run -0 "$ctl" status
    assert_line --regexp " $pid +audit +light "
    start env LD_PRELOAD="$LIBRARY" COMPATMALLOC_DISABLE=1 sleep 1000
    [ "$(profile_and_state)" = "[('off', True, 'exempt')]" ]
    # Also where an upgrade has replaced the library's file.
    cp "$LIBRARY" "$BATS_TEST_TMPDIR/libcompatmalloc.so.1"
    start env LD_PRELOAD="$BATS_TEST_TMPDIR/libcompatmalloc.so.1" COMPATMALLOC_OPTIONS=profile=strict sleep 1000
    rm "$BATS_TEST_TMPDIR/libcompatmalloc.so.1"
    [ "$(profile_and_state)" = "[('strict', True, 'yes')]" ]
}

@test "status: of a process that has not allocated anything, only the configuration is known" {
    echo 'int pause(void); int main(void) { pause(); }' | "${CC:-gcc}" -x c -o "$BATS_TEST_TMPDIR/idle" -
    start env LD_PRELOAD="$LIBRARY" "$BATS_TEST_TMPDIR/idle"
    [ "$(profile_and_state)" = "[('default', False, 'yes')]" ]
    run -0 "$ctl" status
    assert_line --regexp " $pid +yes +[(]default[)] "
}

@test "status: no file name can forge a line or break the data" {
    local name
    name=$'odd " \\ \n\033[31m \xff\xc3\xa9 name'
    cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/$name"
    start "$BATS_TEST_TMPDIR/$name" 1000
    run -0 "$ctl" status
    refute_output --partial $'\033'
    LC_ALL=C grep -Eaq "^[^ ]+ +$pid +no +- +[0-9a-z]+ +[0-9]+M +0  /.*/odd \" .* \?\?\[31m .* name\$" <<<"$output"
    run -0 "$ctl" verify --pid="$pid" --json || [ "$status" -eq 1 ]
    local program
    program=$(json 'ascii(answer["processes"][0]["program"])')
    [[ $program == *'/odd " \\ \n\x1b[31m \ufffd\xe9 name'* ]]
}

# --- check-config ---

@test "check-config: a good file is good" {
    printf 'profile = strict # all of it\n[program /usr/bin/*]\non-error = log\n' >"$BATS_TEST_TMPDIR/conf"
    run -0 "$ctl" check-config "$BATS_TEST_TMPDIR/conf"
    assert_output "$BATS_TEST_TMPDIR/conf: no problems"
    : >"$BATS_TEST_TMPDIR/empty"
    run -0 "$ctl" check-config "$BATS_TEST_TMPDIR/empty"
}

@test "check-config: every bad line is named by file and line" {
    local conf=$BATS_TEST_TMPDIR/conf
    printf 'profile = best\n\ncanary = yes\n[programs x]\n[program x]\njournal\nquarantine-size = 1T' >"$conf"
    run -1 "$ctl" check-config "$conf"
    assert_line --index 0 "$conf:1: \"best\": not a profile; write default, strict, light or off"
    assert_line --index 1 --partial "$conf:3: \"canary\": "
    assert_line --index 2 --partial "$conf:4: \"[programs x]\": "
    assert_line --index 3 --partial "$conf:6: \"journal\": "
    assert_line --index 4 --partial "$conf:7: \"1T\": "
    [ "${#lines[@]}" -eq 5 ]
}

@test "check-config: says what a starting process says" {
    local conf=$BATS_TEST_TMPDIR/conf
    printf 'canaries = maybe\nx\n[program\n' >"$conf"
    run -1 "$ctl" check-config "$conf"
    local said=$output problem
    COMPATMALLOC_CONF=$conf run -0 "$ctl" run "$BASH" -c :
    [ "${#lines[@]}" -eq 3 ]
    # The two may put it in a different order, but file, line and problem are the same.
    while IFS= read -r problem; do
        assert_output --partial "${problem%%: *}: "
        assert_output --partial "${problem##*\": }"
    done <<<"$said"
}

@test "check-config: a file that would not be obeyed is a problem" {
    printf 'profile = strict\n' >"$BATS_TEST_TMPDIR/conf"
    chmod 666 "$BATS_TEST_TMPDIR/conf"
    run -1 "$ctl" check-config "$BATS_TEST_TMPDIR/conf"
    assert_output --partial "writable by others"
    run -1 "$ctl" check-config "$BATS_TEST_TMPDIR"
    assert_output --partial "not a regular file"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    run -1 timeout 60 "$ctl" check-config "$BATS_TEST_TMPDIR/fifo"
    assert_output --partial "not a regular file"
}

@test "check-config: a file that is not there is trouble" {
    run -2 "$ctl" check-config "$BATS_TEST_TMPDIR/none"
    assert_output --partial "No such file"
}

@test "check-config: the stock file is good, and so is every setting it shows" {
    local conf=$BATS_TEST_TMPDIR/conf count
    cp etc/compatmalloc.conf "$conf"
    chmod 644 "$conf"
    run -0 "$ctl" check-config "$conf"
    # It changes nothing as it comes, but for programs that could not do with it.
    run -1 grep -Ev '^(#.*|\[default\]|)$' <(sed '/^\[program /,/^$/d' "$conf")
    sed -i -E 's/^#([a-z-]+ = |\[program )/\1/' "$conf"
    run -0 "$ctl" check-config "$conf"
    # Each key is there, and in the manual page.
    count=0
    local key
    while read -r key; do
        grep -q "^\.It Ic $key " docs/man/compatmalloc.conf.5
        count=$((count + 1))
    done < <(sed -n -E '/^\[program/q; s/^([a-z-]+) = .*/\1/p' "$conf")
    [ "$count" -eq 21 ]
}
