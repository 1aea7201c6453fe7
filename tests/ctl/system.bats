#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# system enable, confirm and disable: a machine that runs under the library, starts with it, and finds its way back.

bats_require_minimum_version 1.5.0
load machine-setup

setup_file() {
    one_machine prepare
}

# A library with a name that tells, one that ends every program that it is put into, and the configuration as it was.
prepare() {
    cp "$1/etc/compatmalloc.conf" "$M/conf"
    echo 'int foreign_library_is_here = 1;' | "${CC:-gcc}" -x c -shared -fPIC -o "$1/usr/lib/libforeign.so" -
    echo '__attribute__((constructor)) static void end(void) { __builtin_trap(); }' |
        "${CC:-gcc}" -x c -shared -fPIC -Wl,-soname,libcompatmalloc.so.1 -o "$M/broken.so" -
}

setup() {
    need_machine
    etc=$M/one/root/etc
    library=$M/one/root/usr/lib/$(gcc -dumpmachine)/libcompatmalloc.so.1
    # shellcheck disable=SC2016 # the dynamic loader's variable
    line='/run/compatmalloc/$LIB/libcompatmalloc.so.1'
}

# Whether a program that starts now has the library; also fails if it complains.
new_programs_have_it() {
    local words
    words=$(machine_run one grep -m 1 -o '/usr/lib.*/libcompatmalloc.so.1' /proc/self/maps 2>&1)
    [[ $words == /usr/lib*/libcompatmalloc.so.1 ]]
}

# As if nothing had ever been there.
nothing_is_left() {
    [ ! -e "$etc/compatmalloc.asleep" ]
    [ ! -e "$etc/compatmalloc.trial" ]
    machine_run one test ! -e /run/compatmalloc
    [ "$(machine_run one systemctl list-units --all --plain --no-legend 'compatmalloc*.timer' | wc -l)" -eq 0 ]
    run -1 ctl system status
}

# Replaced as packages do it: running programs keep the old one.
put_library() {
    cp "$1" "$library.new"
    mv "$library.new" "$library"
}

@test "doctor finds this machine fit" {
    run -0 ctl doctor --json
    python3 -c 'import json, sys
findings = json.loads(sys.argv[1])
assert {"library", "programs", "formats", "configuration"} <= {f["check"] for f in findings}
assert not [f for f in findings if f["severity"] == "obstacle"]' "$output"
}

# finding CHECK: severity, words and advice of what doctor said.
finding() {
    json '"\n".join("%s: %s; %s" % (f["severity"], f["what"], f["fix"]) for f in answer if f["check"] == "'"$1"'")'
}

# label TEXT: SELinux's, on the library; none if it is empty.
label() {
    machine_run one python3 -c 'import os, sys
os.setxattr(sys.argv[1], "security.selinux", sys.argv[2].encode()) if sys.argv[2] else os.removexattr(sys.argv[1], "security.selinux")' \
        "${library#"$M/one/root"}" "$1"
}

@test "doctor names what gets in the way, and what to do about it" {
    local path=${library#"$M/one/root"}
    # What this kernel has not, or has otherwise, is put in front of what it has, for the tool alone.
    cat >"$M/one/root/opt/other-kernel" <<'EOF'
#!/bin/sh
set -eu
mount -t tmpfs fake /sys/fs
mkdir /sys/fs/selinux
echo 1 >/sys/fs/selinux/enforce
mount -t tmpfs fake /sys/kernel
mkdir -p /sys/kernel/security/apparmor
echo 'nginx (enforce)' >/sys/kernel/security/apparmor/profiles
mount -t tmpfs fake /run/systemd/journal
mount -t tmpfs fake /mnt
cd /mnt
echo 1000 >max_map_count
echo 2 >overcommit_memory
echo 1 >randomize_va_space
mount --bind max_map_count /proc/sys/vm/max_map_count
mount --bind overcommit_memory /proc/sys/vm/overcommit_memory
mount --bind randomize_va_space /proc/sys/kernel/randomize_va_space
exec setarch --uname-2.6 compatmallocctl doctor --json
EOF
    touch "$M/one/root/usr/lib/ld-musl-x86_64.so.1"
    echo 'profile = paranoid' >>"$etc/compatmalloc.conf"
    label u:object_r:user_home_t:s0
    run -1 machine_run one unshare --mount sh /opt/other-kernel
    [[ $(finding selinux) == "warning: $path is labelled 'u:object_r:user_home_t:s0': "*"; restorecon $path" ]]
    [[ $(finding apparmor) == "note: AppArmor confines programs"* ]]
    [[ $(finding max_map_count) == "warning: vm.max_map_count is 1000"* ]]
    [[ $(finding overcommit) == "note: vm.overcommit_memory is 2"* ]]
    [[ $(finding address_randomization) == "warning: kernel.randomize_va_space is 1"* ]]
    [[ $(finding guard_pages) == "note: this kernel is older than Linux 6.13"* ]]
    [[ $(finding journal) == "warning: there is no systemd journal"* ]]
    [[ $(finding configuration) == "warning: /etc/compatmalloc.conf:"*"paranoid"* ]]
    [[ $(finding formats) == *"note: there are programs for the C library musl"* ]]
    # A bad line is the configuration's problem, not that of each program that says so.
    [[ $(finding programs) == good:* ]]
    rm "$M/one/root/usr/lib/ld-musl-x86_64.so.1"
    sed -i '$d' "$etc/compatmalloc.conf"
    label system_u:object_r:lib_t:s0
    run machine_run one unshare --mount sh /opt/other-kernel
    [ "$(finding selinux)" = "good: $path is labelled as a library; None" ]
    label ''
}

@test "doctor: programs of 32 bits need a library of their own, or each would complain" {
    if [ ! -e /lib/ld-linux.so.2 ] || [ ! -e /lib32/libc.so.6 ]; then
        skip "libc6-i386 is not installed"
    fi
    local usr=$M/one/root/usr
    mkdir -p "$usr/lib32"
    cp -L /lib/ld-linux.so.2 "$usr/lib/"
    cp -L /lib32/libc.so.6 "$usr/lib32/"
    run -1 ctl doctor --json
    [[ $(finding formats) == *"obstacle: /lib/ld-linux.so.2 starts programs of another format"* ]]
    run -1 ctl system enable
    assert_output --partial "refused: /lib/ld-linux.so.2"
    [ ! -e "$etc/ld.so.preload" ]
    "${MAKE:-make}" --silent install-passthrough BUILD="$BUILD" DESTDIR="$M/one/root" prefix=/usr libdir="/usr/lib/$(gcc -dumpmachine)" \
        libdirs32=/usr/lib32
    run -0 ctl doctor --json
    [[ $(finding formats) == *"good: /lib/ld-linux.so.2 finds /usr/lib32/libcompatmalloc.so.1;"* ]]
    rm -r "$usr/lib32" "$usr/lib/ld-linux.so.2"
}

@test "refused: another allocator for all programs, and a library that is not sound" {
    local foreign='# not libtcmalloc.so
/usr/lib/libforeign.so # nor that
/usr/lib/libjemalloc.so.2'
    echo "$foreign" >"$etc/ld.so.preload.test"
    mv "$etc/ld.so.preload.test" "$etc/ld.so.preload"
    run -1 ctl system enable
    assert_output --partial "refused: /etc/ld.so.preload loads another allocator into all programs: /usr/lib/libforeign.so /usr/lib/libjemalloc.so.2"
    assert_output --partial "nothing has been changed"
    [ "$(cat "$etc/ld.so.preload")" = "$foreign" ]
    rm "$etc/ld.so.preload"
    cp "$library" "$M/good.so"
    put_library "$M/broken.so"
    run -1 ctl system enable
    assert_output --partial "'true' is killed by signal"
    put_library "$M/good.so"
    [ ! -e "$etc/ld.so.preload" ]
    cmp "$M/conf" "$etc/compatmalloc.conf"
    nothing_is_left
    run -2 machine_run one setpriv --reuid=65534 --clear-groups compatmallocctl system enable
    assert_output --partial "only root can do"
    run -2 ctl system enable --trial=soon
    assert_output --partial "'soon' is no time"
}

@test "enabled: new programs have it, set-user-ID ones too, init does not, other lines stay" {
    printf '/usr/lib/libforeign.so\n' >"$etc/ld.so.preload"
    run -0 ctl system enable
    [ "$(cat "$etc/ld.so.preload")" = "$line
/usr/lib/libforeign.so" ]
    new_programs_have_it
    machine_run one grep -q libforeign /proc/self/maps
    # mount is one of those, and says what it is under.
    run machine_run one setpriv --reuid=65534 --clear-groups mount --version
    refute_output --partial "cannot be preloaded"
    run -1 ctl verify --pid=1
    run -0 ctl system status
    machine_run one systemctl restart nginx
    run -0 ctl verify --unit=nginx
    # Who cannot see the links does not have it that way; by its name in a drop-in, which looks for no path, it is found.
    local hidden=(systemd-run --wait --pipe --quiet --property=TemporaryFileSystem=/run)
    run -0 machine_run one "${hidden[@]}" grep -c libforeign /proc/self/maps
    run -1 machine_run one "${hidden[@]}" grep libcompatmalloc /proc/self/maps
    run -0 machine_run one "${hidden[@]}" --setenv=LD_PRELOAD=libcompatmalloc.so.1 grep libcompatmalloc /proc/self/maps
    run -0 ctl system enable
    [ "$(grep -c compatmalloc "$etc/ld.so.preload")" -eq 1 ]
    run -0 ctl system disable
    [ "$(cat "$etc/ld.so.preload")" = /usr/lib/libforeign.so ]
    run ! new_programs_have_it
    nothing_is_left
    rm "$etc/ld.so.preload"
}

@test "a line that somebody else has written for it is replaced, and taken out" {
    # shellcheck disable=SC2016 # the dynamic loader's variable
    printf '/usr/$LIB/libcompatmalloc.so.1 /usr/lib/libforeign.so\n' >"$etc/ld.so.preload"
    run -0 ctl system enable
    [ "$(cat "$etc/ld.so.preload")" = "$line
/usr/lib/libforeign.so" ]
    run -0 ctl system disable
    [ "$(cat "$etc/ld.so.preload")" = /usr/lib/libforeign.so ]
    rm "$etc/ld.so.preload"
}

@test "comments in that file are nobody's library" {
    # shellcheck disable=SC2016 # the dynamic loader's variable
    local comments='# /usr/$LIB/libcompatmalloc.so.1 and libjemalloc.so.2: some day
/usr/lib/libforeign.so # not libcompatmalloc.so.1'
    echo "$comments" >"$etc/ld.so.preload"
    run -1 ctl system status
    run -0 ctl system enable
    [ "$(cat "$etc/ld.so.preload")" = "$line
$comments" ]
    sed -i 's,^/usr,libcompatmalloc.so.1:/usr,' "$etc/ld.so.preload"
    run -0 ctl system disable
    [ "$(cat "$etc/ld.so.preload")" = "$comments" ]
    rm "$etc/ld.so.preload"
}

@test "--audit is two lines of the configuration, which go again" {
    run -0 ctl system enable --audit
    run -0 ctl check-config
    run -0 ctl system disable
    cmp "$M/conf" "$etc/compatmalloc.conf"
    run -0 ctl system enable --audit
    [ "$(diff "$M/conf" "$etc/compatmalloc.conf" | grep -c '^>')" -eq 2 ]
    run -0 ctl status --json
    [[ $output == *'"state":"audit"'* ]] || machine_run one sh -c 'sleep 30 >/dev/null 2>&1 & compatmallocctl status --json' | grep '"state":"audit"'
    run -0 ctl system enable
    cmp "$M/conf" "$etc/compatmalloc.conf"
    ctl system disable
}

@test "a trial that is not confirmed ends by itself, even if no program can be started any more" {
    run -0 ctl system enable --trial=5s
    assert_output --partial "compatmallocctl system confirm"
    new_programs_have_it
    run -1 ctl system enable
    assert_output --partial "a trial is running"
    put_library "$M/broken.so"
    # What locks everybody out.
    run ! machine_run one true
    local _
    for _ in {1..150}; do
        [ -e "$etc/compatmalloc.trial" ] || break
        sleep 0.2
    done
    machine_run one true
    [ ! -e "$etc/ld.so.preload" ]
    put_library "$M/good.so"
    machine_run one systemctl is-active --wait compatmalloc-trial-end.service || true
    nothing_is_left
    run -1 ctl system confirm
    assert_output --partial "no trial is running"
}

@test "a trial that is confirmed stays, over a reboot too, and boots do not complain" {
    ctl system enable --trial=5s
    run -0 ctl system confirm --json
    assert_output '{"enabled":true,"changed":true}'
    [ ! -e "$etc/compatmalloc.trial" ]
    sleep 6
    new_programs_have_it
    machine_halt one
    # While the machine is down, nothing would be loaded by whoever looks at its file system.
    [ ! -e "$etc/ld.so.preload" ]
    [ -e "$etc/compatmalloc.asleep" ]
    machine_boot one
    new_programs_have_it
    run -0 ctl system status
    run -0 ctl verify --unit=nginx
    run -1 ctl verify --pid=1
    run ! machine_run one journalctl --boot --grep='cannot be preloaded' --quiet
    [ ! -e "$etc/compatmalloc.asleep" ]
}

@test "after a power failure it is in force again" {
    machine_crash one
    [ -e "$etc/ld.so.preload" ]
    machine_boot one
    new_programs_have_it
    run -0 ctl system status
}

@test "compatmalloc=off on the kernel command line wins over everything, once" {
    ctl enable redis-server
    machine_halt one
    machine_boot one compatmalloc=off
    run ! new_programs_have_it
    run -1 ctl system status
    assert_output --partial "compatmalloc=off on the kernel command line"
    run -1 ctl verify --unit=redis-server
    run -1 ctl system enable
    assert_output --partial "compatmalloc=off"
    # Also where the line is still there, after a power failure.
    machine_halt one
    machine_boot one
    new_programs_have_it
    machine_crash one
    machine_boot one compatmalloc=off
    run machine_run one true
    assert_output ""
    machine_halt one
    machine_boot one
    new_programs_have_it
    run -0 ctl verify --unit=redis-server
    ctl disable redis-server
}

@test "a broken library does not stop the machine from booting" {
    put_library "$M/broken.so"
    machine_crash one
    machine_boot one
    [ "$(cat "$M/one/state")" = degraded ]
    run -0 machine_run one systemctl --failed --no-legend --plain
    assert_output --partial compatmalloc-preload.service
    [ "$(wc -l <<<"$output")" -eq 1 ]
    run machine_run one journalctl --boot --unit=compatmalloc-preload --output=cat
    assert_output --partial "the library is not sound, and is left out of all programs"
    run machine_run one curl --silent --fail http://127.0.0.1/
    assert_success
    # With a good one, it comes back with the next start of the service, or of the machine.
    put_library "$M/good.so"
    machine_run one systemctl restart compatmalloc-preload
    new_programs_have_it
    ctl system disable
    nothing_is_left
}

@test "a trial that is not confirmed heals with a reboot, and with a power failure" {
    local end
    for end in halt crash; do
        run -0 ctl system enable --trial=1h
        new_programs_have_it
        "machine_$end" one
        machine_boot one
        run ! new_programs_have_it
        [ ! -e "$etc/ld.so.preload" ]
        [ ! -e "$etc/compatmalloc.trial" ]
        [ ! -e "$etc/compatmalloc.asleep" ]
        run -1 ctl system status
    done
}

@test "killed at any moment, system enable and disable leave the old state or the new one" {
    local n call verb killed=0 content
    printf '/usr/lib/libforeign.so\n' >"$etc/ld.so.preload"
    for verb in enable disable; do
        for call in mkdir symlink fchmod fsync rename unlink sendmsg; do
            for n in {1..6}; do
                # shellcheck disable=SC2086 # no option, or one
                run killed_at "$call" "$n" compatmallocctl system $verb
                [ "$status" -ne 0 ] || break
                killed=$((killed + 1))
                content=$(cat "$etc/ld.so.preload")
                [ "$content" = /usr/lib/libforeign.so ] || [ "$content" = "$line
/usr/lib/libforeign.so" ]
                # And no program complains, whichever it is.
                run -0 machine_run one true
                assert_output ""
            done
        done
        ctl system $verb
    done
    echo "killed $killed times"
    [ "$killed" -ge 12 ]
    [ "$(cat "$etc/ld.so.preload")" = /usr/lib/libforeign.so ]
    rm "$etc/ld.so.preload"
    cmp "$M/conf" "$etc/compatmalloc.conf"
    nothing_is_left
}

# The scripts that packages run before their files go, as they are in the tree; $1 says that this is no upgrade.
scripts_before_removal() {
    cp debian/compatmalloc.prerm "$M/one/root/opt/deb"
    sed -n '/^%preun$/,/^fi$/{ /^%preun$/d; /^%systemd_/d; s,%{_sbindir},/usr/sbin,; s,%{_prefix},/usr,; p }' rpm/compatmalloc.spec >"$M/one/root/opt/rpm"
    printf '%s\n' 'deb remove' 'rpm 0'
}

@test "killed at any moment, a trial in audit mode is begun with all that ends it, or not begun" {
    local n call result killed=0
    for call in symlink rename unlink sendmsg; do
        for n in {1..9}; do
            run killed_at "$call" "$n" compatmallocctl system enable --audit --trial=1h
            result=$status
            if [ -e "$etc/ld.so.preload" ]; then
                [ -e "$etc/compatmalloc.trial" ]
                machine_run one systemctl is-active compatmalloc-trial-end.timer
                ctl check-config
                run ctl system status
                assert_output --partial "on trial, reports only"
            elif [ "$result" -ne 0 ]; then
                run ! new_programs_have_it
                # What was prepared is found, and goes again.
                if [ -e "$etc/compatmalloc.trial" ]; then
                    run -1 ctl doctor
                    assert_output --partial "was prepared and never begun"
                fi
                if ! cmp -s "$M/conf" "$etc/compatmalloc.conf"; then
                    run -1 ctl doctor
                    assert_output --partial "an audit of all programs that was never begun"
                fi
            fi
            [ "$result" -ne 0 ] || break
            killed=$((killed + 1))
            ctl system disable
            cmp "$M/conf" "$etc/compatmalloc.conf"
            nothing_is_left
        done
        ctl system disable
    done
    echo "killed $killed times"
    [ "$killed" -ge 8 ]
    nothing_is_left
}

@test "what cannot be carried out is taken back" {
    printf '/usr/lib/libforeign.so\n' >"$etc/ld.so.preload"
    machine_run one mount --bind /etc/ld.so.preload /etc/ld.so.preload
    run -2 ctl system enable --audit --trial=1h
    machine_run one umount /etc/ld.so.preload
    assert_output --partial "compatmallocctl: /etc/ld.so.preload: "
    assert_output --partial "nothing has been changed"
    [ "$(cat "$etc/ld.so.preload")" = /usr/lib/libforeign.so ]
    cmp "$M/conf" "$etc/compatmalloc.conf"
    nothing_is_left
    rm "$etc/ld.so.preload"
}

@test "packages go even if the tool fails, and leave no line; one that cannot be taken out keeps them" {
    local tool=$M/one/root/usr/sbin/compatmallocctl script argument preload_is
    while read -r script argument; do
        for preload_is in fine immutable; do
            printf '/usr/lib/libforeign.so\n' >"$etc/ld.so.preload"
            ctl system enable
            touch "$etc/compatmalloc.asleep"
            mv "$tool" "$M/tool"
            printf '#!/bin/sh\nexit 2\n' >"$tool"
            chmod 755 "$tool"
            if [ "$preload_is" = fine ]; then
                run -0 machine_run one sh "/opt/$script" "$argument"
                assert_output --partial "'compatmallocctl system disable' has failed"
                [ "$(cat "$etc/ld.so.preload")" = /usr/lib/libforeign.so ]
                [ ! -e "$etc/compatmalloc.asleep" ]
                run ! new_programs_have_it
            else
                # A file that cannot be replaced, not even by root.
                machine_run one mount --bind /etc/ld.so.preload /etc/ld.so.preload
                run machine_run one sh -e "/opt/$script" "$argument"
                machine_run one umount /etc/ld.so.preload
                assert_failure 1
                new_programs_have_it
                [ ! -e "$etc/ld.so.preload.compatmalloc-new" ]
            fi
            mv "$M/tool" "$tool"
            ctl system disable
            rm "$etc/ld.so.preload"
            nothing_is_left
        done
    done < <(scripts_before_removal)
}

@test "purging takes away all that the tool wrote, and nobody else's drop-ins" {
    local units=$etc/systemd/system
    mkdir -p "$units/redis-server.service.d"
    printf '[Service]\nNice=5\n' | tee "$units/redis-server.service.d/compatmalloc.conf" >"$M/foreign"
    ctl enable nginx --require --option=on-error=log --now
    ctl enable --runtime dbus
    ctl enable --all-services
    mkdir -p "$units/linked.service.d" "$M/one/root/var/lib/prometheus/node-exporter"
    ln -s /usr/share/compatmalloc/compatmalloc.conf "$units/linked.service.d/compatmalloc.conf"
    touch "$units/nginx.service.d/.compatmallocctl-abandoned" "$M/one/root/var/lib/prometheus/node-exporter/compatmalloc.prom"
    machine_run one systemctl enable --now compatmalloc-metrics.timer
    cp debian/compatmalloc.postrm "$M/one/root/opt/postrm"
    scripts_before_removal
    run -0 machine_run one sh /opt/deb remove
    run -0 machine_run one sh /opt/postrm remove
    # That is configuration until then.
    [ -e "$units/nginx.service.d/compatmalloc.conf" ]
    run -0 machine_run one sh /opt/postrm purge
    run -0 machine_run one find /etc /run/systemd /var/lib/prometheus -name '*compatmalloc*' ! -path /etc/compatmalloc.conf ! -path '/etc/apparmor.d/*'
    assert_output /etc/systemd/system/redis-server.service.d/compatmalloc.conf
    [ ! -e "$units/nginx.service.d" ]
    cmp "$M/foreign" "$units/redis-server.service.d/compatmalloc.conf"
    rm "$units/redis-server.service.d/compatmalloc.conf"
    run -3 machine_run one systemctl is-active compatmalloc-metrics.timer
    # Services start as if it had never been there.
    machine_run one systemctl restart nginx
    run -1 ctl verify --unit=nginx
}

@test "disable works where systemd does not run, as packages are removed" {
    ctl system enable
    machine_halt one
    chroot "$M/one/root" /usr/sbin/compatmallocctl system disable
    [ ! -e "$etc/ld.so.preload" ]
    [ ! -e "$etc/compatmalloc.asleep" ]
}
