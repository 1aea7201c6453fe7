#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What is in the RPM packages.

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export BUILD=${BUILD:-build/release}
    "${MAKE:-make}" --silent BUILD="$BUILD" packages-for-tests-rpm >"$BATS_FILE_TMPDIR/log" 2>&1 || {
        tail -n 60 "$BATS_FILE_TMPDIR/log" >&2
        return 1
    }
    local package
    export D=$BATS_FILE_TMPDIR
    for package in compatmalloc compatmalloc-libs compatmalloc-devel; do
        ln -s "$(realpath "$BUILD/packages/rpm")/$package"-[0-9]*.rpm "$D/$package.rpm"
    done
    LIBDIR=$(rpm --eval '%{_libdir}')
    export LIBDIR
}

setup() {
    # shellcheck source=tests/package/contract.bash
    . "$BATS_TEST_DIRNAME/contract.bash"
}

# files PACKAGE: paths in it, without the links by build-id and the licences.
files() {
    rpm -qlp "$D/$1.rpm" | grep -Ev '^/usr/lib/\.build-id|^/usr/share/licenses' | sort
}

@test "compatmalloc-libs holds the library, its stand-in for 32-bit programs, and what its removal needs" {
    local wanted=("$LIBDIR/libcompatmalloc.so.1" /usr/lib/compatmalloc /usr/lib/compatmalloc/forget-preload)
    if [ "$(rpm --eval '%{_target_cpu}')" = x86_64 ]; then
        wanted+=(/usr/lib/compatmalloc/passthrough.so /usr/lib/libcompatmalloc.so.1)
    fi
    diff -u <(printf '%s\n' "${wanted[@]}" | sort) <(files compatmalloc-libs)
}

@test "compatmalloc holds configuration, drop-in, tool, manual and documentation" {
    files compatmalloc
    local pattern
    for pattern in /etc/compatmalloc.conf /usr/share/compatmalloc/compatmalloc.conf /usr/sbin/compatmallocctl \
        '/usr/lib/systemd/catalog/compatmalloc\.catalog' \
        '/usr/share/man/man5/compatmalloc\.conf\.5.*' '/usr/share/man/man7/compatmalloc\.7.*' \
        '/usr/share/man/man8/compatmallocctl\.8.*' '/usr/share/doc/.*/README\.md' '/usr/share/doc/.*/CHANGELOG\.md'; do
        files compatmalloc | grep -qx "$pattern"
    done
}

@test "compatmalloc-devel holds header, link, pkg-config file and manual page" {
    diff -u - <(files compatmalloc-devel | sed 's/\.gz$//') <<EOF
/usr/include/compatmalloc.h
$LIBDIR/libcompatmalloc.so
$LIBDIR/pkgconfig/compatmalloc.pc
/usr/share/man/man3/libcompatmalloc.3
EOF
}

@test "an administrator's configuration is not replaced" {
    rpm -qp --queryformat '[%{FILENAMES} %{FILEFLAGS:fflags}\n]' "$D/compatmalloc.rpm" | grep '^/etc/'
    rpm -qp --queryformat '[%{FILENAMES} %{FILEFLAGS:fflags}\n]' "$D/compatmalloc.rpm" | grep -x '/etc/compatmalloc.conf cn'
}

@test "all files belong to root, and only root can write them" {
    local package
    for package in compatmalloc compatmalloc-libs compatmalloc-devel; do
        rpm -qp --queryformat '[%{FILEUSERNAME} %{FILEGROUPNAME} %{FILEMODES:octal} %{FILENAMES}\n]' "$D/$package.rpm" \
            >"$BATS_TEST_TMPDIR/modes"
        cat "$BATS_TEST_TMPDIR/modes"
        # Plain files, programs, directories; the mode of a link means nothing.
        run ! grep -Ev '^root root (100644 /|100755 .*/(compatmallocctl|libcompatmalloc\.so\.1|forget-preload|compatmalloc-generator)$|40755 /|120777 /)' "$BATS_TEST_TMPDIR/modes"
    done
}

@test "packages depend on the library of the same version, the library on libc alone" {
    local version
    version=$(rpm -qp --queryformat '%{VERSION}-%{RELEASE}' "$D/compatmalloc-libs.rpm")
    rpm -qp --requires "$D/compatmalloc.rpm" | grep -Eqx "compatmalloc-libs(\(.*\))? = $version"
    rpm -qp --requires "$D/compatmalloc-devel.rpm" | grep -Eqx "compatmalloc-libs(\(.*\))? = $version"
    run ! grep -Ev '^(libc\.so\.6|ld-linux|rpmlib|rtld|/bin/sh$|/sbin/ldconfig$)' <(rpm -qp --requires "$D/compatmalloc-libs.rpm")
}

@test "no package runs a script, but when it goes, and the library's for the linker's cache" {
    [ -z "$(rpm -qp --scripts "$D/compatmalloc-devel.rpm")" ]
    diff -u <(rpm -qp --scripts "$D/compatmalloc.rpm" | grep 'program: \|scriptlet (\|%') <(
        ! rpm --eval '%{?systemd_post}' | grep -q . || echo 'postinstall scriptlet (using /bin/sh):'
        echo 'preuninstall scriptlet (using /bin/sh):'
        echo 'postuninstall scriptlet (using /bin/sh):'
    )
    diff -u - <(rpm -qp --scripts "$D/compatmalloc-libs.rpm") <<'EOF'
postinstall program: /sbin/ldconfig
preuninstall scriptlet (using /bin/sh):
if [ "$1" -eq 0 ]; then
    /usr/lib/compatmalloc/forget-preload
fi
postuninstall program: /sbin/ldconfig
EOF
}

@test "units are turned on and off by the distribution's macros where it has them" {
    local macro
    rpmspec --parse --define 'systemd_post() the macro post for %{*}' --define 'systemd_preun() the macro preun for %{*}' \
        --define 'systemd_postun() the macro postun for %{*}' rpm/compatmalloc.spec >"$BATS_TEST_TMPDIR/spec"
    for macro in post preun postun; do
        grep -A 1 -x "%$macro" "$BATS_TEST_TMPDIR/spec" | grep -x "the macro $macro for compatmalloc-metrics.timer"
    done
}

@test "nobody is offered the stand-in for 32-bit programs as a library" {
    run ! grep -x 'libcompatmalloc\.so\.1' <(rpm -qp --provides "$D/compatmalloc-libs.rpm")
    rpm -qp --provides "$D/compatmalloc-libs.rpm" | grep -Fx 'libcompatmalloc.so.1()(64bit)'
}

@test "rpmlint has nothing to say that rpm/rpmlint.toml does not answer with a reason" {
    command -v rpmlint >/dev/null || skip "rpmlint is not installed"
    run rpmlint --config rpm/rpmlint.toml rpm/compatmalloc.spec "$BUILD"/packages/rpm/*.rpm
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q ' 0 errors, 0 warnings' <<<"$output"
}

@test "the library keeps the contract" {
    rpm2archive --nocompression - <"$D/compatmalloc-libs.rpm" | tar -x -C "$BATS_TEST_TMPDIR"
    local library=$BATS_TEST_TMPDIR$LIBDIR/libcompatmalloc.so.1
    has_contract_soname "$library"
    needs_libc_alone "$library"
    has_contract_exports "$library"
    is_hardened "$library"
}
