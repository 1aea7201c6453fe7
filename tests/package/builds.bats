#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# How the Debian packages can be built: to the same bytes wherever that is, with and without what DEB_BUILD_OPTIONS names, and
# for another architecture.

bats_require_minimum_version 1.5.0

# build DIRECTORY PREFIX... -- OPTION...: unpack the source archive in DIRECTORY, and build packages there by
# PREFIX... dpkg-buildpackage OPTION...
build() {
    local directory=$1 prefix=()
    shift
    while [ "$1" != -- ]; do
        prefix+=("$1")
        shift
    done
    shift
    mkdir -p "$directory"
    "${MAKE:-make}" --silent dist BUILD="$directory/build" DISTDIR="$directory/source"
    tar -xzf "$directory"/source/*.tar.gz -C "$directory"
    # Whoever builds owns the tree.
    chown -R --reference="$directory/.." "$directory"
    (cd "$directory"/compatmalloc-* && env -u MAKEFLAGS -u BUILD -u LIB -u CC -u CROSS -u RUNNER "${prefix[@]}" \
        dpkg-buildpackage --no-sign --build=binary "$@") >"$directory/log" 2>&1 || {
        tail -n 40 "$directory/log"
        return 1
    }
}

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export BUILD=${BUILD:-build/release}
    "${MAKE:-make}" --silent BUILD="$BUILD" packages-for-tests-deb >"$BATS_FILE_TMPDIR/log" 2>&1 || {
        tail -n 60 "$BATS_FILE_TMPDIR/log" >&2
        return 1
    }

    # Another user may not look into the directories of this one.
    OUTSIDE=$(mktemp -d "${TMPDIR:-/var/tmp}/compatmalloc-XXXXXX")
    export OUTSIDE ELSEWHERE=$OUTSIDE/a-place-of-which-the-name-is-longer
    local prefix=(env TZ=Pacific/Kiritimati LC_ALL=C.UTF-8 LANGUAGE=de HOME=/nonexistent DEB_BUILD_OPTIONS='nocheck parallel=2')
    if command -v faketime >/dev/null; then
        prefix=(faketime -f '+400d' "${prefix[@]}")
        touch "$BATS_FILE_TMPDIR/other-day"
    fi
    if [ "$(id -u)" -eq 0 ]; then
        chown nobody "$OUTSIDE"
        prefix=(setpriv --reuid=nobody --clear-groups "${prefix[@]}")
    fi
    # One build has a network, the other has not even a loopback.
    if unshare --net true 2>/dev/null; then
        prefix=(unshare --net "${prefix[@]}")
    fi
    (umask 002 && build "$ELSEWHERE" "${prefix[@]}" --) >"$BATS_FILE_TMPDIR/log" 2>&1 || {
        cat "$BATS_FILE_TMPDIR/log" >&2
        return 1
    }
}

teardown_file() {
    rm -rf "$OUTSIDE"
}

# names DIRECTORY: of the packages in it.
names() {
    find "$1" -maxdepth 1 -name '*.deb' -printf '%f\n' | sort
}

@test "two builds, in other places, times, languages and by other users, have the same bytes" {
    local package
    for package in $(names "$BUILD/packages/deb"); do
        cmp "$BUILD/packages/deb/$package" "$ELSEWHERE/$package" || {
            ! command -v diffoscope >/dev/null || diffoscope "$BUILD/packages/deb/$package" "$ELSEWHERE/$package"
            return 1
        }
    done
    [ "$(names "$BUILD/packages/deb")" = "$(names "$ELSEWHERE")" ]
    [ -e "$BATS_FILE_TMPDIR/other-day" ] || echo "# faketime is not installed: both builds are of the same day" >&3
}

@test "every flag of the distribution reaches every compilation" {
    command -v blhc >/dev/null || skip "blhc is not installed"
    [ "$(uname -m)" = x86_64 ] || skip "the hardening flags expected here are those of x86-64"
    run blhc --all --debian "$ELSEWHERE/log"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "noopt, nostrip and nodoc are honoured" {
    build "$BATS_TEST_TMPDIR" env DEB_BUILD_OPTIONS='nocheck noopt nostrip nodoc' --
    # The last -O decides.
    grep -q ' -O0' "$BATS_TEST_TMPDIR/log"
    run ! grep -E -- '-c -o .*src/malloc/' <(grep -E -- '-O0.* -O[123s]' "$BATS_TEST_TMPDIR/log")
    dpkg-deb --fsys-tarfile "$BATS_TEST_TMPDIR"/compatmalloc_*.deb | tar -t >"$BATS_TEST_TMPDIR/files"
    run ! grep -E '/usr/share/(man|doc/compatmalloc/(README|docs|.*\.md))' "$BATS_TEST_TMPDIR/files"
    grep -q '/usr/share/doc/compatmalloc/copyright' "$BATS_TEST_TMPDIR/files"
    dpkg-deb --extract "$BATS_TEST_TMPDIR"/libcompatmalloc1_*.deb "$BATS_TEST_TMPDIR/root"
    readelf --sections "$BATS_TEST_TMPDIR"/root/usr/lib/*-linux-gnu/libcompatmalloc.so.1 | grep -q '\.symtab'
    LD_PRELOAD=$BATS_TEST_TMPDIR/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/libcompatmalloc.so.1 \
        perl -e 'my @all = map { "x" x $_ } 1 .. 500; exit(@all == 500 ? 0 : 1)'
}

@test "packages for arm64 are built on another architecture" {
    local host=arm64
    [ "$(dpkg --print-architecture)" != arm64 ] || skip "this machine is arm64 itself"
    command -v aarch64-linux-gnu-gcc >/dev/null || skip "gcc-aarch64-linux-gnu is not installed"
    command -v arm-linux-gnueabihf-gcc >/dev/null || skip "gcc-arm-linux-gnueabihf is not installed"
    [ -e /lib/aarch64-linux-gnu/libc.so.6 ] || skip "libc6:arm64 is not installed, from which the package's dependency on it is found"
    # What else is needed of the other architecture need not be installed: without libsystemd the tool does without.
    build "$BATS_TEST_TMPDIR" env DEB_BUILD_OPTIONS=nocheck -- --host-arch="$host" --build-profiles=cross,nocheck --no-check-builddeps
    local package
    for package in compatmalloc libcompatmalloc1 libcompatmalloc-dev; do
        [ "$(dpkg-deb --field "$BATS_TEST_TMPDIR/${package}_"*_arm64.deb Architecture)" = arm64 ]
    done
    dpkg-deb --extract "$BATS_TEST_TMPDIR"/libcompatmalloc1_*_arm64.deb "$OUTSIDE/arm64"
    readelf --file-header "$OUTSIDE/arm64/usr/lib/aarch64-linux-gnu/libcompatmalloc.so.1" | grep -q AArch64
    readelf --file-header "$OUTSIDE/arm64/usr/lib/arm-linux-gnueabihf/libcompatmalloc.so.1" | grep -Eq 'Class: +ELF32'
    command -v lintian >/dev/null || return 0
    run lintian --allow-root --pedantic --display-info "$BATS_TEST_TMPDIR"/compatmalloc_*_arm64.changes
    echo "$output"
    [ -z "$output" ]
}

# The package's own library, with a case of each kind; make check-arm64 has them all.
@test "the packages for arm64 detect misuse, under an emulator" {
    local cross=aarch64-linux-gnu case
    command -v qemu-aarch64 >/dev/null || skip "qemu-user is not installed"
    [ -e "$OUTSIDE/arm64/usr/lib/$cross/libcompatmalloc.so.1" ] || skip "the packages for arm64 could not be built"
    export BUILD=$BATS_TEST_TMPDIR/build CROSS=$cross LIB=$OUTSIDE/arm64/usr/lib/$cross/libcompatmalloc.so.1
    export RUNNER="qemu-aarch64 -cpu neoverse-n1 -L /usr/$cross -E LD_LIBRARY_PATH=/usr/$cross/lib" COMPATMALLOC_CONF=$BATS_TEST_TMPDIR/empty.conf
    touch "$COMPATMALLOC_CONF"
    # shellcheck source=tests/lib/cases.bash
    . "$BATS_TEST_DIRNAME/../lib/cases.bash"
    for case in cwe122-array-last-index cwe126-large-read cwe415-aligned cwe416-write-middle cwe590-global; do
        env -u MAKEFLAGS -u LIB -u RUNNER "${MAKE:-make}" --silent CROSS="$cross" BUILD="$BUILD" "$BUILD/tests/detect/$case" >/dev/null
        run_case "$case"
    done
}
