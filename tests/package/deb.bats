#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What is in the Debian packages, and what installing and removing them does to a root.

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export BUILD=${BUILD:-build/release}
    "${MAKE:-make}" --silent BUILD="$BUILD" packages-for-tests-deb >"$BATS_FILE_TMPDIR/log" 2>&1 || {
        tail -n 60 "$BATS_FILE_TMPDIR/log" >&2
        return 1
    }
    local package
    export D=$BATS_FILE_TMPDIR
    for package in libcompatmalloc1 compatmalloc libcompatmalloc-dev libcompatmalloc1-dbgsym; do
        ln -s "$(realpath "$BUILD/packages/deb")/${package}_"*.deb "$D/$package.deb"
        dpkg-deb --extract "$D/$package.deb" "$D/$package"
    done
    TRIPLET=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
    export TRIPLET
    export LIBRARY=$D/libcompatmalloc1/usr/lib/$TRIPLET/libcompatmalloc.so.1
}

setup() {
    # shellcheck source=tests/package/contract.bash
    . "$BATS_TEST_DIRNAME/contract.bash"
}

# files PACKAGE: every path in it that is not a directory, without what Debian wants in each package.
files() {
    dpkg-deb --fsys-tarfile "$D/$1.deb" | tar -t | grep -v '/$' | sed 's,^\.,,' |
        grep -Ev "^/usr/share/doc/$1/(copyright|changelog)" | sort
}

# unpack_source DIRECTORY: the source archive, unpacked.
unpack_source() {
    "${MAKE:-make}" --silent dist BUILD="$BATS_TEST_TMPDIR/build" DISTDIR="$BATS_TEST_TMPDIR/source"
    tar -xzf "$BATS_TEST_TMPDIR"/source/*.tar.gz -C "$1"
}

field() {
    dpkg-deb --field "$D/$1.deb" "$2"
}

@test "make deb leaves packages, .changes and .buildinfo" {
    ls "$BUILD/packages/deb"
    [ "$(find "$BUILD/packages/deb" -name '*.deb' ! -name '*-dbgsym_*' | wc -l)" -eq 3 ]
    [ "$(find "$BUILD/packages/deb" -size +0 -name 'compatmalloc_*.changes' | wc -l)" -eq 1 ]
    [ "$(find "$BUILD/packages/deb" -size +0 -name 'compatmalloc_*.buildinfo' | wc -l)" -eq 1 ]
}

@test "make deb works in a tree without git, and leaves nothing beside what it built" {
    mkdir "$BATS_TEST_TMPDIR/parent"
    unpack_source "$BATS_TEST_TMPDIR/parent"
    cd "$BATS_TEST_TMPDIR"/parent/compatmalloc-*
    find .. | sort >"$BATS_TEST_TMPDIR/before"
    DEB_BUILD_OPTIONS=nocheck env -u BUILD -u LIB -u MAKEFLAGS make deb
    [ "$(find dist -name '*.deb' ! -name '*-dbgsym_*' | wc -l)" -eq 3 ]
    rm -r build dist
    find .. | sort | diff -u "$BATS_TEST_TMPDIR/before" -
}

# The directories of 32-bit programs on this architecture.
libdirs32() {
    case $(dpkg-architecture -qDEB_HOST_ARCH) in
    amd64) echo /usr/lib/i386-linux-gnu /usr/lib32 ;;
    arm64) echo /usr/lib/arm-linux-gnueabihf ;;
    esac
}

@test "libcompatmalloc1 holds the library, its stand-in for 32-bit programs, and what its removal needs" {
    local wanted=("/usr/lib/$TRIPLET/libcompatmalloc.so.1" /usr/lib/compatmalloc/forget-preload) directory
    for directory in $(libdirs32); do
        wanted+=("$directory/libcompatmalloc.so.1")
    done
    directory=$(libdirs32)
    wanted+=("${directory%% *}/compatmalloc/passthrough.so")
    diff -u <(printf '%s\n' "${wanted[@]}" /usr/share/lintian/overrides/libcompatmalloc1 | sort) <(files libcompatmalloc1)
}

@test "the stand-in for 32-bit programs replaces nothing and needs nothing" {
    local library
    for library in $(libdirs32); do
        library=$D/libcompatmalloc1$library/libcompatmalloc.so.1
        [ "$(readelf --file-header "$library" | awk '$1 == "Class:" { print $2 }')" = ELF32 ]
        has_contract_soname "$library"
        is_hardened "$library"
        run ! grep NEEDED <(objdump -p "$library")
        diff -u <(exports "$LIBRARY" | grep '^compatmalloc_') <(exports "$library")
    done
}

@test "compatmalloc holds configuration, drop-in, tool, manual and documentation" {
    files compatmalloc
    local path
    for path in /etc/compatmalloc.conf /usr/share/compatmalloc/compatmalloc.conf /usr/sbin/compatmallocctl \
        /usr/lib/systemd/catalog/compatmalloc.catalog \
        /usr/share/man/man5/compatmalloc.conf.5.gz /usr/share/man/man7/compatmalloc.7.gz \
        /usr/share/man/man8/compatmallocctl.8.gz; do
        files compatmalloc | grep -qx "$path"
    done
    files compatmalloc | grep -Eqx '/usr/share/doc/compatmalloc/README\.md(\.gz)?'
}

@test "libcompatmalloc-dev holds header, link, pkg-config file and manual page" {
    diff -u - <(files libcompatmalloc-dev) <<EOF
/usr/include/compatmalloc.h
/usr/lib/$TRIPLET/libcompatmalloc.so
/usr/lib/$TRIPLET/pkgconfig/compatmalloc.pc
/usr/share/man/man3/libcompatmalloc.3.gz
EOF
    [ "$(readlink "$D/libcompatmalloc-dev/usr/lib/$TRIPLET/libcompatmalloc.so")" = libcompatmalloc.so.1 ]
}

@test "all files belong to root; only programs are executable" {
    local package
    for package in libcompatmalloc1 compatmalloc libcompatmalloc-dev; do
        dpkg-deb --contents "$D/$package.deb"
        run ! grep -v '^[dl]rwx.* root/root \|^-rw-r--r-- root/root \|^-rwxr-xr-x root/root .* \./usr/\(sbin/compatmallocctl\|lib/compatmalloc/forget-preload\|lib/systemd/system-generators/compatmalloc-generator\)$' \
            <(dpkg-deb --contents "$D/$package.deb")
        run ! grep '^d' <(dpkg-deb --contents "$D/$package.deb" | grep -v '^drwxr-xr-x ')
    done
}

@test "the configuration and the AppArmor abstraction are conffiles, and the only ones" {
    diff -u <(printf '%s\n' /etc/apparmor.d/abstractions/compatmalloc /etc/compatmalloc.conf) \
        <(dpkg-deb --info "$D/compatmalloc.deb" conffiles | sort)
    run ! dpkg-deb --info "$D/libcompatmalloc1.deb" conffiles
}

@test "packages that go with each other: Multi-Arch and dependencies" {
    [ "$(field libcompatmalloc1 Multi-Arch)" = same ]
    [ "$(field libcompatmalloc-dev Multi-Arch)" = same ]
    [ "$(field compatmalloc Multi-Arch)" = foreign ]
    local version
    version=$(field libcompatmalloc1 Version)
    field compatmalloc Depends | grep -qF "libcompatmalloc1 (= $version)"
    [ "$(field libcompatmalloc-dev Depends)" = "libcompatmalloc1 (= $version)" ]
    field libcompatmalloc1 Depends | grep -Eqx 'libc6 \(>= [0-9.]+\)'
}

@test "the version is the same everywhere" {
    local version
    version=$(field libcompatmalloc1 Version)
    grep -qx "VERSION *:= *$version" Makefile
    grep -q "COMPATMALLOC_VERSION_STRING \"$version\"" include/compatmalloc.h
    grep -Eqx "Version: +$version" rpm/compatmalloc.spec
    grep -q "^## $version" CHANGELOG.md
}

@test "no package runs a script at installation, and what runs at removal takes the library out of use" {
    local package script
    for package in libcompatmalloc1 compatmalloc libcompatmalloc-dev; do
        for script in preinst postinst prerm postrm; do
            case "$package $script" in "libcompatmalloc1 prerm" | "compatmalloc prerm" | "compatmalloc postrm") continue ;; esac
            run ! dpkg-deb --info "$D/$package.deb" "$script"
        done
    done
}

@test "the library's name, what it needs, and how it is linked" {
    has_contract_soname "$LIBRARY"
    needs_libc_alone "$LIBRARY"
    is_hardened "$LIBRARY"
}

@test "the library exports the standard names and compatmalloc_*, nothing else" {
    has_contract_exports "$LIBRARY"
}

@test "the distribution's flags were added to those of the release profile" {
    readelf --debug-dump=info "$D"/libcompatmalloc1-dbgsym/usr/lib/debug/.build-id/*/*.debug 2>/dev/null |
        grep -E 'DW_AT_producer.*GNU C17' >"$BATS_TEST_TMPDIR/producers"
    cat "$BATS_TEST_TMPDIR/producers"
    local flag
    for flag in -O2 -flto -fno-semantic-interposition -fno-builtin-malloc -fstack-protector-strong; do
        run ! grep -v -- " $flag" "$BATS_TEST_TMPDIR/producers"
    done
    run ! grep -E -- ' -O[013sgz]' "$BATS_TEST_TMPDIR/producers"
}

@test "a program builds with the development package and runs with the library" {
    mkdir "$BATS_TEST_TMPDIR/root"
    cp -a "$D/libcompatmalloc-dev/." "$D/libcompatmalloc1/." "$BATS_TEST_TMPDIR/root/"
    cd "$BATS_TEST_TMPDIR"
    # As libcompatmalloc(3) has it.
    awk '/^\.Sh / { examples = $2 == "EXAMPLES" } examples && /^\.Ed/ { exit } on; examples && /^\.Bd / { on = 1 }' \
        "$BATS_TEST_DIRNAME/../../docs/man/libcompatmalloc.3" >weak.c
    sed '/^#pragma weak/d' weak.c >program.c
    export PKG_CONFIG_SYSROOT_DIR=$BATS_TEST_TMPDIR/root PKG_CONFIG_PATH=$BATS_TEST_TMPDIR/root/usr/lib/$TRIPLET/pkgconfig
    export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
    bash -e -c "$(sed -n 's/^\.Dl cc /cc /p' "$BATS_TEST_DIRNAME/../../docs/man/libcompatmalloc.3")"
    run -0 env LD_LIBRARY_PATH="$BATS_TEST_TMPDIR/root/usr/lib/$TRIPLET" ./a.out
    [ "$output" = "$(field libcompatmalloc1 Version)" ]
    # And a program that only wants to know runs without the library.
    cc -Iroot/usr/include weak.c
    run -0 ./a.out
    [ "$output" = none ]
    run -0 env LD_PRELOAD="root/usr/lib/$TRIPLET/libcompatmalloc.so.1" ./a.out
    [ "$output" = "$(field libcompatmalloc1 Version)" ]
}

@test "AppArmor's parser takes a profile with the abstraction" {
    command -v apparmor_parser >/dev/null || skip "apparmor is not installed"
    cat >"$BATS_TEST_TMPDIR/profile" <<'EOF'
abi <abi/3.0>,
include <tunables/global>
profile example /usr/sbin/exampled {
    include <abstractions/base>
    include <abstractions/compatmalloc>
}
EOF
    run -0 apparmor_parser --skip-kernel-load --skip-cache --Include "$D/compatmalloc/etc/apparmor.d" --Include /etc/apparmor.d \
        --names "$BATS_TEST_TMPDIR/profile"
    apparmor_parser --skip-kernel-load --skip-cache --Include "$D/compatmalloc/etc/apparmor.d" --Include /etc/apparmor.d \
        --preprocess "$BATS_TEST_TMPDIR/profile" | grep compatmalloc.conf
}

@test "lintian has nothing to say, down to the pedantic, that no override answers with a reason" {
    run lintian --allow-root --pedantic --display-info --fail-on error,warning,info,pedantic,override \
        "$BUILD"/packages/deb/compatmalloc_*.changes
    echo "$output"
    [ -z "$output" ]
}

@test "nor about the source package" {
    unpack_source "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR"
    dpkg-source --build compatmalloc-* >log 2>&1 || {
        cat log
        return 1
    }
    run lintian --allow-root --pedantic --display-info ./*.dsc
    echo "$output"
    [ -z "$output" ]
}
