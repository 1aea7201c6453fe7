#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Three machines, and Ansible that rolls compatmalloc out to them; on one of them a program has a bug.

bats_require_minimum_version 1.5.0
load machine-setup

setup_file() {
    begin_machines
    if ! command -v ansible-playbook >/dev/null; then
        cannot_if 77 "ansible-playbook is not installed (Debian's ansible-core)"
        return 0
    fi
    local machine
    for machine in a b c; do
        made_or_cannot machine_make_bare "$machine" || break
    done
    [ ! -e "$M/reason" ] || return 0
    [ -d "$M/c/root/etc" ]
    make_repository "$M/repository"
    for machine in a b c; do
        make_shop "$M/$machine/root" "$machine"
        made_or_cannot machine_boot "$machine" || break
    done
    [ ! -e "$M/reason" ] || return 0
    [ -s "$M/c/state" ]
    printf '%s\n' a b c >"$M/inventory"
    cat >>"$M/inventory" <<EOF
[all:vars]
ansible_connection=ssh
ansible_ssh_executable=$PWD/tests/ctl/inside/ssh-to-machine
ansible_ssh_transfer_method=piped
ansible_python_interpreter=/usr/bin/python3
ansible_become=false
compatmalloc_units=["shop"]
compatmalloc_watch=2
compatmalloc_batches=[1]
EOF
}

# A package as simple as can be, where apt finds it: how packages are made well is another suite's matter.
make_repository() {
    local tree=$1/tree machine
    mkdir -p "$tree/DEBIAN"
    "${MAKE:-make}" --silent install BUILD="$BUILD" DESTDIR="$tree" prefix=/usr libdir="/usr/lib/$(gcc -dumpmachine)"
    printf 'Package: compatmalloc\nVersion: 1\nArchitecture: %s\nMaintainer: nobody <nobody@example.invalid>\nDescription: test\n' \
        "$(dpkg --print-architecture)" >"$tree/DEBIAN/control"
    for machine in a b c; do
        mkdir -p "$M/$machine/root/opt/repository"
        rm -rf "$M/$machine/root/etc/apt/sources.list" "$M/$machine/root/etc/apt/sources.list.d"/*
        echo 'deb [trusted=yes] file:/opt/repository ./' >"$M/$machine/root/etc/apt/sources.list.d/test.list"
    done
    dpkg-deb --root-owner-group -Znone --build "$tree" "$M/a/root/opt/repository/compatmalloc.deb" >/dev/null
    (cd "$M/a/root/opt/repository" && dpkg-scanpackages . >Packages 2>/dev/null)
    cp "$M/a/root/opt/repository"/* "$M/b/root/opt/repository/"
    cp "$M/a/root/opt/repository"/* "$M/c/root/opt/repository/"
    for machine in a b c; do
        chroot "$M/$machine/root" apt-get -qq update
    done
}

# A service that does the same everywhere, but for a byte too many on the second machine.
make_shop() {
    cat >"$1/opt/shop.c" <<'EOF'
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
    for (;;) {
        char *volatile order = malloc(100);
        memset(order, 'x', LENGTH);
        free(order);
        sleep(1);
    }
}
EOF
    "${CC:-gcc}" -O0 -fno-builtin -DLENGTH="$([ "$2" = b ] && echo 101 || echo 100)" -o "$1/opt/shop" "$1/opt/shop.c"
    printf '[Service]\nExecStart=/opt/shop\n' >"$1/etc/systemd/system/shop.service"
    mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
    ln -s ../shop.service "$1/etc/systemd/system/multi-user.target.wants/shop.service"
}

setup() {
    need_machine
}

# play N [ARGUMENT...]: the N-th command that docs/fleet.md gives for the machine with Ansible. The inventory is in the current directory,
# as it is there; the playbook is this tree's.
play() {
    local number=$1 command
    shift
    mkdir -p "$M/commands"
    tests/docs/extract -v kind=fleet -v directory="$M/commands" docs/fleet.md
    command=$(sed "s,/usr/share/compatmalloc/ansible/,$PWD/ansible/," "$M/commands/00$number"-*)
    (
        cd "$M" || exit
        export ANSIBLE_NOCOLOR=1 ANSIBLE_PIPELINING=1 ANSIBLE_RETRY_FILES_ENABLED=0 ANSIBLE_HOME="$M/ansible" ANSIBLE_LOCAL_TEMP="$M/ansible" \
            ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3 ANSIBLE_GATHER_SUBSET='!all,min,pkg_mgr,service_mgr'
        timeout 300 bash -c "$command \"\$@\"" bash "$@"
    )
}

protected() {
    machine_run "$1" compatmallocctl verify --unit=shop
}

# changes MACHINE: how many tasks changed something on it, by the last play's recap.
changes() {
    sed -n "s/^$1 .*changed=\([0-9]*\).*/\1/p" <<<"$output"
}

@test "a play that is only to be checked changes nothing" {
    run -0 play 1 --limit a
    run ! machine_run a sh -c 'command -v compatmallocctl'
}

@test "the rollout stops at the machine whose program trips, rolls it back, and says why" {
    run play 2
    echo "$output"
    [ "$status" -ne 0 ]
    assert_output --partial "b has been rolled back. Nothing has been found"
    assert_output --partial "heap-buffer-overflow: 1 byte written past the end of a 100-byte block"
    protected a
    run -1 protected b
    [ "$(machine_run b systemctl is-active shop)" = active ]
    [ ! -e "$M/b/root/etc/systemd/system/shop.service.d" ]
    # The third machine's turn never came.
    run ! machine_run c sh -c 'command -v compatmallocctl'
}

@test "again, with the bug mended: it goes on, and what is done is left alone" {
    cp "$M/a/root/opt/shop" "$M/b/root/opt/shop.new"
    mv "$M/b/root/opt/shop.new" "$M/b/root/opt/shop"
    machine_run b systemctl restart shop
    local before
    before=$(machine_run a systemctl show --property=MainPID shop)
    run -0 play 2
    [ "$(changes a)" -eq 0 ]
    [ "$(changes b)" -ge 1 ]
    [ "$(changes c)" -ge 1 ]
    [ "$(machine_run a systemctl show --property=MainPID shop)" = "$before" ]
    local machine
    for machine in a b c; do
        protected "$machine"
        grep -q 'on-error=log' "$M/$machine/root/etc/systemd/system/shop.service.d/compatmalloc.conf"
    done
}

@test "a play that is only to be checked says that nothing is to be done where all is done" {
    run -0 play 1
    [ "$(changes a) $(changes b) $(changes c)" = "0 0 0" ]
}

@test "without audit, found in the process that runs" {
    run -0 play 3 --limit a
    [ "$(changes a)" -ge 1 ]
    grep -q 'on-error=abort' "$M/a/root/etc/systemd/system/shop.service.d/compatmalloc.conf"
    protected a
    # shellcheck disable=SC2016 # for the machine's shell
    machine_run a sh -c 'tr "\0" "\n" <"/proc/$(systemctl show --property=MainPID --value shop)/environ"' | grep -x 'COMPATMALLOC_OPTIONS=.*on-error=abort'
}

@test "all programs of one machine, without audit; again, which changes nothing; and out again" {
    run -0 play 4 --limit c
    machine_run c compatmallocctl system status
    [ ! -e "$M/c/root/etc/compatmalloc.trial" ]
    # The audit of the play before does not outlive it anywhere.
    grep -q 'on-error=abort' "$M/c/root/etc/systemd/system/shop.service.d/compatmalloc.conf"
    run ! grep -q 'system enable --audit' "$M/c/root/etc/compatmalloc.conf"
    run -0 play 4 --limit c
    [ "$(changes c)" -eq 0 ]
    run -0 play 5 --limit c
    run -1 machine_run c compatmallocctl system status
    run -1 protected c
    [ "$(machine_run c systemctl is-active shop)" = active ]
    # Those are all that the documentation has.
    [ "$(find "$M/commands" -type f | wc -l)" -eq 5 ]
}
