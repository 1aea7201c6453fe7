#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Sandboxes: after its start a process may be left with hardly a system call. The allocator asks for memory and for
# futexes alone, survives when these are refused too, and a report needs no more than a write and the end of the process.

# shellcheck disable=SC2030,SC2031 # each test is a subshell, and teardown runs in the same

bats_require_minimum_version 1.5.0
load load

# The heap in a sandbox that refuses one more call.
heap_without() {
    local error
    for error in EPERM ENOSYS; do
        echo "$1 fails with $error:"
        walk sandbox heap "$error" "$1"
    done
}

# The report comes out, and the process dies of it.
report_without() {
    local error
    for error in EPERM ENOSYS; do
        run walk sandbox report "$error" "$@"
        echo "${1:-nothing more} fails with $error: exit status $status, '$output'"
        # Without getpid or gettid abort() ends the process in the way that is left to it.
        [ "$status" -eq 134 ] || [ "$status" -eq 139 ]
        [[ $output == "compatmalloc: double-free: "* ]]
    done
}

@test "no call but those for memory and futexes is made" { walk sandbox heap kill; }
@test "no call but those is made, and the first block comes after the sandbox" { walk sandbox first; }
@test "no call but those is made in locked memory" { walk_locked sandbox locked; }
@test "all other calls fail with EPERM" { walk sandbox heap EPERM; }
@test "all other calls fail with ENOSYS" { walk sandbox heap ENOSYS; }
@test "mmap is refused as well" { heap_without mmap; }
@test "munmap is refused as well" { heap_without munmap; }
@test "mremap is refused as well" { heap_without mremap; }
@test "mprotect is refused as well" { heap_without mprotect; }
@test "madvise is refused as well" { heap_without madvise; }
@test "futex is refused as well" { heap_without futex; }
@test "madvise is refused as well, guard pages by mprotect" { on_old_kernel heap_without madvise; }
@test "mprotect is refused as well, guard pages by mprotect" { on_old_kernel heap_without mprotect; }

@test "a report in a sandbox" { report_without; }
@test "a report where getpid is refused as well" { report_without getpid; }
@test "a report where gettid is refused as well" { report_without gettid; }
@test "a report where signals cannot be blocked" { report_without rt_sigprocmask; }
@test "a report where signals cannot be handled" { report_without rt_sigaction; }

# report_where_all_else_kills COMMAND...: with standard error on a pipe, a terminal, or what COMMAND makes of it.
report_where_all_else_kills() {
    run "$@" env LD_PRELOAD="$LIB" "$PROGRAMS/sandbox" report kill
    echo "exit status $status, '$output'"
    [[ $output == "compatmalloc: double-free: "* ]]
    [[ $output == *"program: $PROGRAMS/sandbox"* ]]
    [[ $output == *"called from: $PROGRAMS/sandbox+0x"* ]]
}

# Then the journal is asked for, and the process dies of that.
@test "a report where all other calls kill" {
    report_where_all_else_kills
    [ "$status" -eq 159 ]
}

@test "a report where all other calls kill, without the journal" {
    COMPATMALLOC_OPTIONS=journal=no report_where_all_else_kills
    [ "$status" -eq 134 ]
}

@test "a report where all other calls kill, on a terminal" {
    report_where_all_else_kills /usr/bin/python3 -c '
import pty, sys, os
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))'
}

@test "a report where all other calls kill, into systemd's stream" {
    report_where_all_else_kills /usr/bin/python3 -c '
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
subprocess.run(sys.argv[1:], stderr=theirs, env={"JOURNAL_STREAM": "8:1234"})
theirs.close()
print(ours.recv(4096).decode())'
}

@test "a report where all other calls kill, into a local socket" {
    report_where_all_else_kills /usr/bin/python3 -c '
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
subprocess.run(sys.argv[1:], stderr=theirs)
theirs.close()
print(ours.recv(4096).decode())'
}

# The program itself cannot make one; only the library's name tells.
@test "a report where all other calls kill, and a library made the filter" {
    run env LD_PRELOAD="$LIB $PROGRAMS/libseccomp.so" "$PROGRAMS/by-library"
    echo "exit status $status, '$output'"
    [[ $output == "compatmalloc: double-free: "* ]]
    [[ $output == *"program: $PROGRAMS/by-library"* ]]
}

@test "a report where all other calls kill is not written into what else number 2 is" {
    local database=$BATS_TEST_TMPDIR/database
    echo valuable >"$database"
    # Python has nothing of its own to say there.
    /usr/bin/python3 - env LD_PRELOAD="$LIB" "$PROGRAMS/sandbox" report kill 2<>"$database" <<'PYTHON'
import subprocess, sys
subprocess.run(sys.argv[1:])
PYTHON
    [ "$(cat "$database")" = valuable ]
    /usr/bin/python3 - env LD_PRELOAD="$LIB" JOURNAL_STREAM=8:1234 "$PROGRAMS/sandbox" report kill <<'PYTHON'
import os, socket, subprocess, sys

listener = socket.create_server(("127.0.0.1", 0))
tcp = socket.create_connection(listener.getsockname())
peer, _ = listener.accept()
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 0))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(receiver.getsockname())
for number in tcp, udp:
    subprocess.run(sys.argv[1:], stderr=number)
counter = os.eventfd(0, os.EFD_NONBLOCK)
subprocess.run(sys.argv[1:], stderr=counter)
for other in peer, receiver:
    other.setblocking(False)
    try:
        sys.exit(f"written: {other.recv(4096)}")
    except BlockingIOError:
        pass
try:
    sys.exit(f"counted: {os.read(counter, 8)}")
except BlockingIOError:
    pass
PYTHON
}

@test "a report that cannot be written still ends the process" {
    run walk sandbox report EPERM write
    [ "$status" -eq 134 ]
}

# --- sandboxes that are in use -----------------------------------------------------------------------------------------

need_groups() {
    command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
    /usr/bin/python3 -c 'import seccomp' 2>/dev/null ||
        skip "python3-seccomp is not installed; tests/packages.txt names it"
}

@test "systemd's SystemCallFilter=@system-service" {
    need_groups
    LAUNCHER="tests/walls/under-filter @system-service" walk ordinary
}

@test "systemd's SystemCallFilter=@system-service: a report" {
    need_groups
    LAUNCHER="tests/walls/under-filter @system-service" run walk double-free
    echo "$output"
    [ "$status" -eq 134 ]
    [[ $output == "compatmalloc: double-free: "* ]]
}

@test "OpenSSH's server and its sandboxed child" {
    local sshd port keys=$BATS_TEST_TMPDIR child
    # Not one of the packages that the tests ask for: installing it would start it.
    sshd=$(PATH=$PATH:/usr/sbin command -v sshd) || skip "sshd is not installed on this machine"
    [ "$(id -u)" -eq 0 ] || skip "sshd separates its privileges only as root"
    mkdir -p /run/sshd
    port=$((20000 + RANDOM % 10000))
    ssh-keygen -q -t ed25519 -N '' -f "$keys/host"
    ssh-keygen -q -t ed25519 -N '' -f "$keys/user"
    cat >"$keys/config" <<CONFIG
ListenAddress 127.0.0.1:$port
HostKey $keys/host
AuthorizedKeysFile $keys/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
CONFIG
    LD_PRELOAD=$LIB "$sshd" -f "$keys/config" -D -E "$keys/log" 3>&- &
    server=$!
    for _ in $(seq 100); do
        grep -qs listening "$keys/log" && break
        sleep 0.1
    done

    # A client that says no more than who it is keeps its child in the sandbox.
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    printf 'SSH-2.0-tester\r\n' >&4
    for _ in $(seq 100); do
        child=$(pgrep -n -f '^sshd: .*\[net\]') && break
        sleep 0.1
    done
    grep '^Seccomp:' "/proc/$child/status" | grep -w 2
    grep -q "${LIB##*/}" "/proc/$child/maps"
    exec 4>&-

    for _ in 1 2 3; do
        ssh -F none -p "$port" -i "$keys/user" -o BatchMode=yes -o StrictHostKeyChecking=no \
            -o UserKnownHostsFile=/dev/null root@127.0.0.1 'echo logged in' 2>"$keys/errors" | grep '^logged in$'
    done
    run ! grep -i 'fatal\|compatmalloc' "$keys/log"
}

teardown() {
    [ -z "${server:-}" ] || kill "$server"
}
