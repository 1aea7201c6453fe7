#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# enable and disable, in a booted machine.

bats_require_minimum_version 1.5.0
load machine-setup

setup_file() {
    one_machine tests/ctl/inside/make-units
}

setup() {
    need_machine
    system=$M/one/root/etc/systemd/system
}

property() {
    machine_run one systemctl show --property="$2" --value "$1"
}

# The whole of the units' directory, with contents.
units_now() {
    (cd "$M/one/root/etc/systemd" && find . -type f -exec sha256sum {} + -o -printf '%p %l\n' | sort)
}

@test "systemd finds nothing wrong with the units that come with the tool" {
    run -0 machine_run one sh -c 'systemd-analyze verify --man=no /usr/lib/systemd/system/compatmalloc-*'
    assert_output ""
}

@test "enable writes where systemctl edit would, and says what needs a restart; disable leaves nothing" {
    local before
    before=$(units_now)
    run -0 ctl enable plain
    assert_output "plain.service is enabled and needs a restart: systemctl restart plain.service"
    cat "$system/plain.service.d/compatmalloc.conf"
    [ "$(stat -c %a:%u "$system/plain.service.d/compatmalloc.conf")" = 644:0 ]
    [[ $(property plain Environment) == *LD_PRELOAD=libcompatmalloc.so.1* ]]
    [ "$(property plain NeedDaemonReload)" = no ]
    run -1 ctl verify --unit=plain
    run -0 ctl status --json
    [ "$(json '[p["state"] for p in answer["processes"] if p["unit"] == "plain.service"]')" = "['restart']" ]
    machine_run one systemctl restart plain
    run -0 ctl verify --unit=plain
    run -0 ctl disable plain
    assert_output "plain.service: disabled; what runs keeps the library until it is restarted"
    [ "$(units_now)" = "$before" ]
    run -0 ctl disable plain
    assert_output "plain.service: was not enabled"
    machine_run one systemctl restart plain
}

@test "enable --now restarts; profile and options arrive in the process; disable --now takes them away" {
    run -0 ctl enable nginx plain --now --profile=strict --option=on-error=log
    assert_output "nginx.service runs under compatmalloc
plain.service runs under compatmalloc"
    run -0 ctl verify --unit=nginx
    run -0 ctl status --json
    [ "$(json '{(p["state"], p["profile"]) for p in answer["processes"] if p["unit"] == "nginx.service"}')" = "{('audit', 'strict')}" ]
    machine_run one curl --silent --fail --output /dev/null http://127.0.0.1/
    run -0 ctl disable nginx plain --now
    run -1 ctl verify --unit=nginx
    [ ! -e "$system/nginx.service.d" ]
}

@test "enable again changes nothing" {
    run -0 ctl enable plain --json
    [ "$(json 'answer[0]["changed"], answer[0]["needs_restart"]')" = "(True, True)" ]
    local before
    before=$(stat -c '%i %Y' "$system/plain.service.d/compatmalloc.conf")
    run -0 ctl enable plain --json
    [ "$(json 'answer[0]["changed"], answer[0]["unit"], answer[0]["problem"]')" = "(False, 'plain.service', None)" ]
    [ "$(stat -c '%i %Y' "$system/plain.service.d/compatmalloc.conf")" = "$before" ]
    run -0 ctl disable plain --json
    [ "$(json 'answer[0]["changed"]')" = True ]
}

@test "aliases, templates and instances" {
    run -0 ctl enable nickname
    assert_line "nickname is an alias of plain.service"
    [ -e "$system/plain.service.d/compatmalloc.conf" ]
    run -0 ctl disable nickname
    [ ! -e "$system/plain.service.d" ]
    run -0 ctl enable template@.service --now
    run -0 ctl verify --unit=template@one
    run -0 ctl verify --unit=template@two
    run -0 ctl disable template@.service
    run -0 ctl enable template@two
    machine_run one systemctl restart template@one template@two
    run -1 ctl verify --unit=template@one
    run -0 ctl verify --unit=template@two
    run -0 ctl disable template@two
}

@test "a service that is locked up tightly works" {
    run -0 ctl enable confined --now --require --profile=strict
    run -0 ctl verify --unit=confined
    [ "$(property confined ActiveState)" = active ]
    run -0 ctl disable confined
}

@test "a unit's own LD_PRELOAD stays, behind ours" {
    run -0 ctl enable with-preload --now
    # shellcheck disable=SC2016 # the inner shell expands it
    run -0 machine_run one sh -c 'grep -c libm.so.6 "/proc/$(systemctl show -P MainPID with-preload)/maps"'
    run -0 ctl verify --unit=with-preload
    run -0 ctl enable with-preload
    grep -qx 'Environment="LD_PRELOAD=libcompatmalloc.so.1:libm.so.6"' "$system/with-preload.service.d/compatmalloc.conf"
    run -0 ctl disable with-preload
}

# refused UNIT WORDS: with the reason, and before anything is changed, also for a good unit beside it.
refused() {
    local before unit=$1 words=$2
    shift 2
    before=$(units_now)
    run -1 ctl enable plain "$unit" "$@"
    assert_output --partial "$unit"
    assert_output --partial "refused: "
    assert_output --partial "$words"
    assert_output --partial "nothing has been changed"
    [ "$(units_now)" = "$before" ]
}

@test "refusals: what runs no program, or cannot be changed" {
    refused activated.socket "it starts activated.service: enable that"
    refused plain.timer "it starts plain.service: enable that"
    refused system.slice "a slice runs no programs"
    refused init.scope "scope"
    refused multi-user.target "only services do"
    refused masked "unmask"
    refused there-is-no-such-unit "no such unit"
    machine_run one systemd-run --quiet --unit=transient sleep infinity
    refused transient "systemd-run --setenv"
}

@test "refusals: programs that the dynamic loader does not put it into" {
    refused is-static "linked statically"
    refused is-script "linked statically"
    refused is-musl "musl"
    refused is-i386 "32 bits"
    refused is-set-user-id "set-user-ID"
    refused is-capable "AmbientCapabilities"
}

@test "refusals: roots without the library" {
    refused own-root "/opt/empty-root"
    refused image "disk image"
    # With the library there, it is not refused.
    local library
    library=$(cd "$M/one/root" && echo usr/lib/*/libcompatmalloc.so.1)
    mkdir -p "$M/one/root/opt/empty-root/${library%/*}"
    cp "$M/one/root/$library" "$M/one/root/opt/empty-root/$library"
    cp "$M/one/root/bin/sleep" "$M/one/root/opt/empty-root/bin/nothing"
    run -0 ctl enable own-root
    run -0 ctl disable own-root
}

@test "refusals: settings that would take it away again, or forbid it" {
    refused with-allocator "another allocator"
    refused with-file "/opt/environment"
    refused unsets "UnsetEnvironment="
    refused no-exec "NoExecPaths="
    refused narrow-filter "madvise(2)"
    refused oneshot "Type=oneshot" --require
    refused edited "not written by this tool"
    run -1 ctl disable edited
    assert_output --partial "refused"
    grep -q Nice "$system/edited.service.d/compatmalloc.conf"
}

@test "refusals: a unit's own settings where the configuration forbids the environment" {
    cp "$M/one/root/etc/compatmalloc.conf" "$M/conf"
    echo 'allow-environment = no' >"$M/one/root/etc/compatmalloc.conf"
    refused other "allow-environment = no" --profile=strict
    run -0 ctl enable other
    run -0 ctl disable other
    cp "$M/conf" "$M/one/root/etc/compatmalloc.conf"
}

@test "another drop-in with the last word is found out, and all is taken back" {
    local before
    before=$(units_now)
    run -2 ctl enable plain overruled
    assert_output --partial "overruled.service: another drop-in has the last word"
    [ "$(units_now)" = "$before" ]
    [ "$(property plain NeedDaemonReload)" = no ]
}

@test "a service that cannot start under it is rolled back, with the journal's reason" {
    local unit words before
    before=$(units_now)
    while IFS=: read -r unit words; do
        run -1 ctl enable "$unit" --now
        assert_output --partial "$unit.service does not come back under compatmalloc"
        assert_output --partial "it runs without it"
        assert_output --partial "$words"
        [ "$(property "$unit" ActiveState)" = active ]
        [ "$(units_now)" = "$before" ]
        run -1 ctl verify --unit="$unit"
    done <<'EOF'
refuses:this does not go together with what is preloaded
buggy:heap-buffer-overflow: 1 byte written past the end of a 100-byte block
late:start operation timed out
EOF
    run -1 --separate-stderr ctl enable plain buggy --now --json
    [ "$(json '[(p["unit"], p["restarted"], p["changed"]) for p in answer]')" = \
        "[('plain.service', True, True), ('buggy.service', False, False)]" ]
    run -0 ctl disable plain
}

@test "a rolled back unit gets back the drop-in that it had" {
    ctl enable refuses --option=profile=off
    cp "$system/refuses.service.d/compatmalloc.conf" "$M/refuses"
    run -1 ctl enable refuses --now
    cmp "$M/refuses" "$system/refuses.service.d/compatmalloc.conf"
    ctl disable refuses
}

@test "--require: the unit fails if its main process does not have the library" {
    run -1 ctl enable strips --now
    assert_output --partial "does not have the library"
    [ "$(property strips ActiveState)" = active ]
    run -1 ctl enable strips --now --require
    assert_output --partial "it runs without it"
    run -0 ctl enable plain --now --require
    # It fails closed: glibc would go on without.
    mv "$M/one/root/usr/lib/$(gcc -dumpmachine)/libcompatmalloc.so.1" "$M/library"
    run -1 machine_run one systemctl restart plain
    [ "$(property plain ActiveState)" != active ]
    mv "$M/library" "$M/one/root/usr/lib/$(gcc -dumpmachine)/libcompatmalloc.so.1"
    machine_run one systemctl restart plain
    run -0 ctl disable plain strips
}

@test "--runtime is in /run, and gives way to what is for good" {
    run -0 ctl enable plain --runtime
    [ ! -e "$system/plain.service.d" ]
    machine_run one test -e /run/systemd/system/plain.service.d/compatmalloc.conf
    run -0 ctl disable plain
    machine_run one test ! -e /run/systemd/system/plain.service.d
    ctl enable plain
    run -1 ctl enable plain --runtime
    assert_output --partial "enabled for good"
    ctl disable plain
}

@test "--all-services reaches services that nobody named" {
    run -0 ctl enable --all-services
    machine_run one systemctl restart other
    run -0 ctl verify --unit=other
    run -0 ctl disable --all-services
    machine_run one systemctl restart other
    run -1 ctl verify --unit=other
    machine_run one systemctl stop other
    [ ! -e "$system/service.d" ]
}

@test "--user: a user's own units" {
    machine_run one useradd --create-home --shell /bin/bash user 2>/dev/null || machine_run one id user
    machine_run one systemctl start user@1000.service
    as_user() {
        machine_run one setpriv --reuid=1000 --regid=1000 --init-groups env HOME=/home/user XDG_RUNTIME_DIR=/run/user/1000 "$@"
    }
    mkdir -p "$M/one/root/home/user/.config/systemd/user"
    printf '[Service]\nExecStart=/bin/sleep infinity\n' >"$M/one/root/home/user/.config/systemd/user/mine.service"
    chown -R 1000:1000 "$M/one/root/home/user"
    as_user systemctl --user daemon-reload
    as_user systemctl --user start mine
    run -0 as_user compatmallocctl enable --user mine --now --require
    assert_output "mine.service runs under compatmalloc"
    [ -e "$M/one/root/home/user/.config/systemd/user/mine.service.d/compatmalloc.conf" ]
    run -0 as_user compatmallocctl disable --user mine
    run -2 as_user compatmallocctl enable plain
    assert_output --partial "only root can do"
}

@test "the link that the documentation used to show is understood" {
    mkdir -p "$system/linked.service.d"
    ln -s /usr/share/compatmalloc/compatmalloc.conf "$system/linked.service.d/compatmalloc.conf"
    run -0 ctl disable linked
    [ ! -e "$system/linked.service.d" ]
    [ -s "$M/one/root/usr/share/compatmalloc/compatmalloc.conf" ]
}

@test "a drop-in of a unit that is gone can be taken away" {
    ctl enable other
    mv "$system/other.service" "$M/other.service"
    machine_run one systemctl daemon-reload
    run -0 ctl disable other
    [ ! -e "$system/other.service.d" ]
    mv "$M/other.service" "$system/other.service"
    machine_run one systemctl daemon-reload
}

@test "killed at any moment, enable and disable leave the old state or the new one" {
    local file=$system/plain.service.d/compatmalloc.conf n call new verb killed=0
    ctl enable plain
    new=$(<"$file")
    for verb in disable enable; do
        # All calls that change anything, or tell systemd to.
        for call in mkdir write fchmod fsync rename unlink rmdir sendmsg; do
            for n in {1..30}; do
                run killed_at "$call" "$n" compatmallocctl "$verb" plain
                [ "$status" -ne 0 ] || break
                killed=$((killed + 1))
                [ ! -e "$file" ] || [ "$(<"$file")" = "$new" ]
            done
            [ "$n" -lt 30 ]
        done
        # What was begun is of no consequence for the next time.
        run -0 ctl "$verb" plain
    done
    echo "killed $killed times"
    [ "$killed" -ge 20 ]
    run -0 ctl disable plain
    # A draft that was never finished has no meaning for systemd, and is all that is left.
    [ -z "$(find "$system/plain.service.d" -type f ! -name '.compatmallocctl-*' 2>/dev/null)" ]
}
