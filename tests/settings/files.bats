#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Configuration files, environments and privileges: what is obeyed, what is said about what is not.
#
# The programs run in a root of their own under ld.so.preload, without /proc, as it is when a machine's every program is.

load load

readonly ALL="quarantine guard-pages slot-randomization canaries poison-on-free write-after-free-check zero-on-free"
readonly NOT_ALL="quarantine guard-pages slot-randomization poison-on-free write-after-free-check zero-on-free"
readonly NOBODY=65534

make_root() {
    root=$BATS_TEST_TMPDIR/root
    conf=$root/etc/compatmalloc.conf
    mkdir -p "$root/etc" "$root/opt/tools" "$root/tmp"
    local file
    for file in $(ldd "$PROGRAMS/show" | grep -o '/[^ ]*'); do
        mkdir -p "$root${file%/*}"
        cp -L "$file" "$root$file"
    done
    cp "$LIB" "$root/lib.so"
    cp "$PROGRAMS/show" "$root/opt/tools/show"
    echo /lib.so >"$root/etc/ld.so.preload"
    chmod 755 "$root" "$root/opt" "$root/opt/tools"
    chmod 1777 "$root/tmp"
    # Programs of others have to get here.
    local above=$root
    while [ "$above" != / ] && above=$(dirname "$above") && [ "$above" != / ]; do
        [ "$(stat -c %U "$above")" != root ] || chmod a+x "$above" 2>/dev/null || true
    done
}

setup() {
    common_setup
    [ "$(id -u)" -eq 0 ] || skip "a root of its own, and files of others in it, need root"
    make_root
    unset COMPATMALLOC_CONF
}

# show [VARIABLE=VALUE...]: as root, in the root.
show() {
    run env "$@" chroot "$root" /opt/tools/show
    assert_success
}

show_as_nobody() {
    run env "$@" chroot --userspec=$NOBODY:$NOBODY "$root" /opt/tools/show
    assert_success
}

# --- forms of the file

@test "without a file everything is on, and nothing is said" {
    show
    assert_output "$ALL"
    rm -r "${root:?}/etc"
    mkdir "$root/etc"
    echo /lib.so >"$root/etc/ld.so.preload"
    show
    assert_output "$ALL"
}

@test "the file is obeyed, in whatever form an editor left it" {
    local form
    local forms=('canaries = no\n' 'canaries = no' 'canaries = no\r\n' '\xef\xbb\xbfcanaries = no\n'
        '\xef\xbb\xbf[default]\r\ncanaries=no\r\n' '\n\n  canaries\t=\tno  # as it is\n' '[default]\n;\n#\ncanaries = no\n')
    for form in "${forms[@]}"; do
        # shellcheck disable=SC2059 # the forms are formats
        printf "$form" >"$conf"
        show
        assert_output "$NOT_ALL"
    done
}

@test "an empty file changes nothing" {
    : >"$conf"
    show
    assert_output "$ALL"
}

@test "a file of a megabyte is read whole" {
    { yes '# a comment that is long' | head -c 1000000; printf '\ncanaries = no\n'; } >"$conf"
    show
    assert_output "$NOT_ALL"
}

@test "NUL bytes and noise are named by line, and the rest applies" {
    printf 'canaries = no\nquaran\0tine = no\n\x01\x02\x7f\nguard-pages\n' >"$conf"
    show
    assert_line --index 0 'compatmalloc: /etc/compatmalloc.conf:2: "quaran?tine": no such key; compatmalloc.conf(5) lists them all'
    assert_line --index 1 'compatmalloc: /etc/compatmalloc.conf:3: "???": not a setting; write key = value'
    assert_line --index 2 'compatmalloc: /etc/compatmalloc.conf:4: "guard-pages": not a setting; write key = value'
    assert_line --index 3 "$NOT_ALL"
}

@test "every line that is wrong is named by file and line" {
    cat >"$conf" <<'END'
profile = best
canaries = perhaps
[default
canaries = no
[programme show]
canaries = no
[program a/b]
canaries = no
[default]
quarantine-size = 12X
on-error = ignore
check-at-exit = yes
explain-faults = 2
END
    show
    local line
    for line in 1 2 3 5 7 10 11 12 13; do
        assert_line --regexp "^compatmalloc: /etc/compatmalloc.conf:$line: \"[^\"]+\": .+"
    done
    assert_line "$ALL"
    assert_equal "${#lines[@]}" 10
}

@test "a directory, a FIFO or a device in its place is not waited for, and said so" {
    mkdir "$conf"
    show
    assert_output --regexp "^compatmalloc: /etc/compatmalloc.conf: not a regular file; ignored.$ALL$"
    rmdir "$conf"
    mkfifo "$conf"
    show
    assert_output --regexp "^compatmalloc: /etc/compatmalloc.conf: not a regular file; ignored.$ALL$"
    rm "$conf"
    mknod "$conf" c 1 3
    show
    assert_output --regexp "^compatmalloc: /etc/compatmalloc.conf: not a regular file; ignored.$ALL$"
}

@test "a file that a user may not read does not apply to that user, and nothing is said" {
    echo 'canaries = no' >"$conf"
    chmod 600 "$conf"
    show
    assert_output "$NOT_ALL"
    show_as_nobody
    assert_output "$ALL"
}

@test "a link to a file is followed" {
    echo 'canaries = no' >"$root/opt/settings"
    ln -s /opt/settings "$conf"
    show
    assert_output "$NOT_ALL"
    ln -sf /nowhere "$conf"
    show
    assert_output "$ALL"
}

# --- sections for programs

@test "sections apply to a program by path, by pattern and by name, without /proc too" {
    local pattern
    for pattern in /opt/tools/show '/opt/*/show' '/*/tools/s?ow' '/opt/tools/[a-z]*' show 'sh*' '[!a-f]how'; do
        printf '[program %s]\ncanaries = no\n' "$pattern" >"$conf"
        show
        assert_output "$NOT_ALL"
    done
    for pattern in /opt/show '/opt/*' '/*/show' tools 'show?' /opt/tools/show/ '[!r-t]how'; do
        printf '[program %s]\ncanaries = no\n' "$pattern" >"$conf"
        show
        assert_output "$ALL"
    done
}

@test "links to a program have its own settings where /proc tells" {
    ln -s /opt/tools/show "$root/opt/other"
    printf '[program show]\ncanaries = no\n' >"$conf"
    mkdir "$root/proc"
    unshare --mount true 2>/dev/null || skip "this user cannot make a mount namespace"
    # shellcheck disable=SC2016 # the inner shell's
    run unshare --mount sh -c 'mount --rbind /proc "$1/proc" && exec chroot "$1" /opt/other' sh "$root"
    assert_output "$NOT_ALL"
    # Without it, the name under which it was started is all that is known.
    run chroot "$root" /opt/other
    assert_output "$ALL"
}

@test "a program is exempted, with a profile or off" {
    printf 'profile = strict\n[program show]\nprofile = off\n' >"$conf"
    show
    assert_output passthrough
    printf 'profile = off\n[program show]\nprofile = light\n' >"$conf"
    show
    assert_output "guard-pages slot-randomization canaries zero-on-free"
}

# --- who is trusted

@test "a file that others than root may write is ignored, and said so" {
    local mode
    echo 'canaries = no' >"$conf"
    for mode in 664 646 666 602; do
        chmod "$mode" "$conf"
        show
        assert_line "compatmalloc: /etc/compatmalloc.conf: writable by others than its owner; ignored until chmod go-w"
        assert_line "$ALL"
    done
    chmod 644 "$conf"
    chown $NOBODY "$conf"
    show
    assert_line "compatmalloc: /etc/compatmalloc.conf: not owned by root; ignored until chown root"
    assert_line "$ALL"
    show_as_nobody
    assert_line "$ALL"
}

@test "in a user namespace where root has no number, root's file is obeyed" {
    unshare --user true 2>/dev/null || skip "this user cannot make a user namespace"
    echo 'canaries = no' >"$conf"
    mkdir -p "$root/proc"
    # Others than root in there see everything of root's as nobody's.
    # shellcheck disable=SC2016 # the inner shell's
    run unshare --mount sh -c 'mount --rbind /proc "$1/proc" && exec chroot "$1" /opt/tools/show' sh "$root"
    assert_output "$NOT_ALL"
    # shellcheck disable=SC2016
    run unshare --mount sh -c 'mount --rbind /proc "$1/proc" &&
        exec setpriv --reuid=4711 --clear-groups unshare --user --map-root-user chroot "$1" /opt/tools/show' sh "$root"
    assert_output "$NOT_ALL"
    chmod 666 "$conf"
    # shellcheck disable=SC2016
    run unshare --mount sh -c 'mount --rbind /proc "$1/proc" &&
        exec setpriv --reuid=4711 --clear-groups unshare --user --map-root-user chroot "$1" /opt/tools/show' sh "$root"
    assert_line "compatmalloc: /etc/compatmalloc.conf: writable by others than its owner; ignored until chmod go-w"
}

@test "the environment overrides the file" {
    echo 'canaries = yes' >"$conf"
    echo 'canaries = no' >"$root/opt/other.conf"
    show COMPATMALLOC_OPTIONS=canaries=no
    assert_output "$NOT_ALL"
    show COMPATMALLOC_CONF=/opt/other.conf
    assert_output "$NOT_ALL"
    show COMPATMALLOC_CONF=/opt/other.conf COMPATMALLOC_OPTIONS=canaries=yes
    assert_output "$ALL"
    show COMPATMALLOC_DISABLE=1
    assert_output passthrough
    show COMPATMALLOC_DISABLE=0 COMPATMALLOC_OPTIONS= COMPATMALLOC_CONF=
    assert_output "$ALL"
    show COMPATMALLOC_OPTIONS=canaries=no,nonsense=1,allow-environment=no
    assert_line 'compatmalloc: COMPATMALLOC_OPTIONS: "nonsense": no such key; compatmalloc.conf(5) lists them all'
    assert_line 'compatmalloc: COMPATMALLOC_OPTIONS: "allow-environment": this key can be set in the configuration file only'
    assert_line "$NOT_ALL"
}

@test "a file that the environment names is said to be missing, and may belong to who names it" {
    show COMPATMALLOC_CONF=/nowhere
    assert_line 'compatmalloc: /nowhere: cannot be opened; the defaults apply'
    assert_line "$ALL"
    echo 'canaries = no' >"$root/tmp/own.conf"
    chown $NOBODY "$root/tmp/own.conf"
    show_as_nobody COMPATMALLOC_CONF=/tmp/own.conf
    assert_output "$NOT_ALL"
    show COMPATMALLOC_CONF=/tmp/own.conf
    assert_line 'compatmalloc: /tmp/own.conf: not owned by root; ignored until chown root'
    assert_line "$ALL"
}

@test "the file can forbid the environment" {
    echo 'canaries = no' >"$root/opt/other.conf"
    printf 'allow-environment = no\n' >"$conf"
    show COMPATMALLOC_OPTIONS=canaries=no COMPATMALLOC_CONF=/opt/other.conf COMPATMALLOC_DISABLE=1
    assert_output "$ALL"
    # For one program, too.
    printf '[program show]\nallow-environment = no\n' >"$conf"
    show COMPATMALLOC_OPTIONS=canaries=no COMPATMALLOC_DISABLE=1
    assert_output "$ALL"
}

@test "a set-user-ID program obeys the file and nothing else" {
    nosuid=$(findmnt --noheadings --output OPTIONS --target "$root" | grep -c nosuid || true)
    [ "$nosuid" -eq 0 ] || skip "the file system of $root ignores set-user-ID bits"
    chmod 4755 "$root/opt/tools/show"
    echo 'canaries = no' >"$root/opt/other.conf"
    show_as_nobody COMPATMALLOC_OPTIONS=canaries=no COMPATMALLOC_CONF=/opt/other.conf COMPATMALLOC_DISABLE=1
    assert_output "$ALL"
    echo 'canaries = no' >"$conf"
    show_as_nobody COMPATMALLOC_OPTIONS=canaries=yes COMPATMALLOC_DISABLE=1
    assert_output "$NOT_ALL"
    # As root, nobody gains anything by it, and it is an ordinary program.
    show COMPATMALLOC_OPTIONS=canaries=yes
    assert_output "$ALL"
}

# --- what it costs

settings_calls() {
    COMPATMALLOC_CONF=$1 LD_PRELOAD=$LIB strace -o "$BATS_TEST_TMPDIR/trace" "$PROGRAMS/show" >/dev/null
    # From the first that names a file to what comes after it: random numbers. Their names alone.
    sed -n '/self\/exe\|compatmalloc\.conf\|settings\.conf/,/getrandom/ { /getrandom/d; s/(.*//; p; }' "$BATS_TEST_TMPDIR/trace" | paste -sd ' '
}

@test "the installed file costs six system calls, and none to allocate" {
    command -v strace >/dev/null || skip "strace is not installed"
    [ ! -e /etc/compatmalloc.conf ] || skip "this machine has an /etc/compatmalloc.conf of its own"
    install -m 644 etc/compatmalloc.conf "$BATS_TEST_TMPDIR/settings.conf"
    run settings_calls "$BATS_TEST_TMPDIR/settings.conf"
    assert_output "readlinkat openat openat fstat read close"
}

@test "without a file it costs two system calls" {
    command -v strace >/dev/null || skip "strace is not installed"
    [ ! -e /etc/compatmalloc.conf ] || skip "this machine has an /etc/compatmalloc.conf of its own"
    run settings_calls ''
    assert_output "readlinkat openat"
}

instructions() {
    COMPATMALLOC_CONF=$1 LD_PRELOAD=$LIB valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$PROGRAMS/show" 2>&1 | sed -n 's/.*Collected : //p'
}

@test "the installed file costs some thousand instructions" {
    command -v valgrind >/dev/null || skip "valgrind is not installed"
    install -m 644 etc/compatmalloc.conf "$BATS_TEST_TMPDIR/settings.conf"
    : >"$BATS_TEST_TMPDIR/empty.conf"
    local with without
    with=$(instructions "$BATS_TEST_TMPDIR/settings.conf")
    without=$(instructions "$BATS_TEST_TMPDIR/empty.conf")
    echo "$((with - without)) instructions"
    # Of which any machine makes two thousand in a microsecond; 20 microseconds are allowed.
    [ $((with - without)) -gt 1000 ]
    [ $((with - without)) -lt 40000 ]
}

# --- the settings of a process that runs

@test "settings cannot be written after the start" {
    run with on-error=log write-settings
    assert_success
    assert_output --regexp '^0 of [1-9][0-9]* pages are writable$'
}
