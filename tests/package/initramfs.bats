#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# An initramfs that is made while every program has the library: nothing in it is loaded with the library, and nothing complains.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export T=$BATS_TEST_TMPDIR LIBRARY
    LIBRARY=$(realpath "${BUILD:-build/release}/libcompatmalloc.so.1")
    [ "$(id -u)" -eq 0 ] || skip "an initramfs is made by root"
    mkdir "$T"/{etc,over,work,made}
    cp -a /etc/. "$T/etc/"
    unshare --mount mount -t overlay -o "lowerdir=/usr/lib,upperdir=$T/over,workdir=$T/work" overlay /usr/lib 2>/dev/null ||
        skip "this machine does not let us mount"
}

# What the rest of the machine does not see: /etc/ld.so.preload in force, as `compatmallocctl system enable` leaves it, and a kernel
# without modules.
enter() {
    local triplet libraries
    triplet=$(gcc -dumpmachine)
    libraries=/run/compatmalloc/lib/$triplet
    mount --bind "$T/etc" /etc
    mount -t overlay -o "lowerdir=/usr/lib,upperdir=$T/over,workdir=$T/work" overlay /usr/lib
    mount -t tmpfs tmpfs /boot
    mount -t tmpfs tmpfs /run
    printf 'CONFIG_RD_GZIP=y\n' >/boot/config-0.0-test
    mkdir -p /lib/modules/0.0-test "$libraries" /run/lock
    touch /lib/modules/0.0-test/modules.{builtin,builtin.modinfo,order}
    cp "$LIBRARY" "/usr/lib/$triplet/"
    ln -s "/usr/lib/$triplet/libcompatmalloc.so.1" "$libraries/"
    # shellcheck disable=SC2016 # the dynamic linker's variable
    echo '/run/compatmalloc/$LIB/libcompatmalloc.so.1' >/etc/ld.so.preload
    grep -q '/libcompatmalloc\.so\.1$' /proc/self/maps
}
export -f enter

in_machine() {
    unshare --mount bash -euc 'enter; "$@"' bash "$@" >"$T/log" 2>&1 || {
        cat "$T/log"
        return 1
    }
}

# The library may be in it, because tools copy all that ldd names.
is_unaffected() {
    local said
    (cd "$T/made" && zcat "$T/initrd" | cpio --extract --make-directories --quiet)
    find "$T/made" -name '*compatmalloc*'
    [ ! -e "$T/made/etc/ld.so.preload" ]
    said=$(chroot "$T/made" /usr/bin/kmod --version 2>&1)
    [[ $said == "kmod version"* ]]
    run ! grep compatmalloc <<<"$said"
}

@test "initramfs-tools" {
    command -v mkinitramfs >/dev/null || skip "initramfs-tools-core is not installed"
    printf '%s\n' MODULES=list BUSYBOX=n COMPRESS=gzip KEYMAP=n >"$T/etc/initramfs-tools/initramfs.conf"
    TMPDIR=$T in_machine mkinitramfs -o "$T/initrd" 0.0-test
    is_unaffected
}

@test "dracut" {
    command -v dracut >/dev/null || skip "dracut-core is not installed"
    in_machine dracut --no-kernel --kmoddir /lib/modules/0.0-test --modules base --install /usr/bin/kmod --gzip --tmpdir "$T" "$T/initrd" 0.0-test
    is_unaffected
}
