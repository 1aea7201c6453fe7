#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Installing, customising, reinstalling, removing and purging the Debian packages in a root of their own. The tests build
# on each other in this order.

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export BUILD=${BUILD:-build/release}
    export D=$BATS_FILE_TMPDIR
    export ROOT=$D/root
    # shellcheck source=tests/boot/root.bash
    . tests/boot/root.bash
    if [ "$(id -u)" -ne 0 ]; then
        echo "installing packages in a root needs root" >"$D/reason"
    elif ! command -v mmdebstrap >/dev/null; then
        echo "mmdebstrap is not installed" >"$D/reason"
    elif ! unshare --mount --propagation unchanged true 2>/dev/null; then
        echo "this machine does not let us make a root: no mount namespaces" >"$D/reason"
    else
        "${MAKE:-make}" --silent BUILD="$BUILD" packages-for-tests-deb >"$D/log" 2>&1 || {
            tail -n 60 "$D/log" >&2
            return 1
        }
        unpack_root "$ROOT"
        mkdir "$ROOT/opt/packages"
        cp "$BUILD"/packages/deb/*.deb "$ROOT/opt/packages/"
    fi
}

setup() {
    if [ -e "$D/reason" ]; then
        skip "$(cat "$D/reason")"
    fi
}

in_root() {
    chroot "$ROOT" env DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# Every file with its checksum, but for the package managers' own, and the caches of the linker and of the journal's catalog.
snapshot() {
    (cd "$ROOT" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/log -o -path ./var/cache \
        -o -path ./opt -o -path ./etc/ld.so.cache -o -path ./var/lib/systemd/catalog/database \) -prune -o -type f -exec md5sum {} + -o -type l -printf '%l  %p\n' | sort -k 2)
}

@test "apt installs the packages" {
    snapshot >"$D/before"
    in_root sh -c 'apt-get install --yes /opt/packages/compatmalloc_*.deb /opt/packages/libcompatmalloc1_*.deb'
    # shellcheck disable=SC2016 # dpkg-query's own syntax
    [ "$(in_root dpkg-query --show --showformat='${db:Status-Status}' compatmalloc)" = installed ]
}

@test "nothing that was there is changed" {
    snapshot >"$D/installed"
    diff "$D/before" "$D/installed" || true
    run ! grep '^<' <(diff "$D/before" "$D/installed")
    [ ! -e "$ROOT/etc/ld.so.preload" ]
    [ -z "$(find "$ROOT/etc/systemd" "$ROOT/etc/environment" "$ROOT/etc/ld.so.conf.d" -name '*compatmalloc*')" ]
}

@test "the bare name is enough to preload the library" {
    run -0 in_root env LD_PRELOAD=libcompatmalloc.so.1 LD_TRACE_LOADED_OBJECTS=1 /bin/true
    echo "$output"
    grep -Eq 'libcompatmalloc\.so\.1 => /(usr/)?lib/[^/]+/libcompatmalloc\.so\.1' <<<"$output"
}

@test "a program runs under it" {
    # shellcheck disable=SC2016 # perl's variables
    run -0 in_root env LD_PRELOAD=libcompatmalloc.so.1 perl -e 'my %h = map { $_ => "x" x $_ } 1 .. 2000; print scalar(keys %h), "\n"'
    [ "$output" = 2000 ]
}

@test "a customised configuration outlives a reinstallation and a removal" {
    echo '# of my own' >>"$ROOT/etc/compatmalloc.conf"
    in_root sh -c 'apt-get install --yes --reinstall /opt/packages/compatmalloc_*.deb'
    grep -qx '# of my own' "$ROOT/etc/compatmalloc.conf"
    in_root apt-get remove --yes compatmalloc
    grep -qx '# of my own' "$ROOT/etc/compatmalloc.conf"
    [ ! -e "$ROOT/usr/share/compatmalloc" ]
}

@test "a program asked to run under the removed library runs without it" {
    in_root apt-get purge --yes compatmalloc libcompatmalloc1
    run -0 in_root env LD_PRELOAD=libcompatmalloc.so.1 echo still works
    grep -qx 'still works' <<<"$output"
}

@test "purging leaves nothing behind" {
    snapshot | diff "$D/before" -
}
