#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# make install and make uninstall, by the GNU conventions.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export BUILD=${BUILD:-build/release}
    # shellcheck source=tests/package/contract.bash
    . "$BATS_TEST_DIRNAME/contract.bash"
    S=$BATS_TEST_TMPDIR/stage
}

make_here() {
    "${MAKE:-make}" --silent BUILD="$BUILD" DESTDIR="$S" "$@"
}

@test "the default prefix is /usr/local, and configuration is in /etc" {
    make_here install
    [ -x "$S/usr/local/sbin/compatmallocctl" ]
    [ -f "$S/usr/local/lib/libcompatmalloc.so.1" ]
    [ "$(readlink "$S/usr/local/lib/libcompatmalloc.so")" = libcompatmalloc.so.1 ]
    [ -f "$S/usr/local/include/compatmalloc.h" ]
    [ -f "$S/usr/local/share/compatmalloc/compatmalloc.conf" ]
    [ -f "$S/usr/local/lib/systemd/catalog/compatmalloc.catalog" ]
    [ -f "$S/usr/local/share/man/man7/compatmalloc.7" ]
    [ -f "$S/etc/compatmalloc.conf" ]
    has_contract_soname "$S/usr/local/lib/libcompatmalloc.so.1"
}

@test "prefix, libdir and the other directories are obeyed, and named in the pkg-config file" {
    make_here install prefix=/opt/c libdir=/opt/c/lib64 sysconfdir=/opt/c/etc mandir=/opt/m docdir=/opt/d
    [ -f "$S/opt/c/lib64/libcompatmalloc.so.1" ]
    [ -f "$S/opt/c/etc/compatmalloc.conf" ]
    [ -f "$S/opt/m/man7/compatmalloc.7" ]
    [ -f "$S/opt/d/README.md" ]
    PKG_CONFIG_PATH=$S/opt/c/lib64/pkgconfig run -0 pkg-config --variable=libdir compatmalloc
    [ "$output" = /opt/c/lib64 ]
    [ ! -e "$S/usr" ]
}

@test "a second installation keeps the configuration" {
    make_here install
    echo '# of my own' >>"$S/etc/compatmalloc.conf"
    make_here install
    grep -qx '# of my own' "$S/etc/compatmalloc.conf"
}

@test "uninstall removes every file, but not a changed configuration" {
    make_here install
    make_here uninstall
    run -0 find "$S" -type f -o -type l
    [ -z "$output" ]
    make_here install
    echo '# of my own' >>"$S/etc/compatmalloc.conf"
    make_here uninstall
    run -0 find "$S" -type f -o -type l
    [ "$output" = "$S/etc/compatmalloc.conf" ]
}

@test "the source archive holds the tree, and nothing that was built" {
    make_here dist DISTDIR="$BATS_TEST_TMPDIR"
    tar -tzf "$BATS_TEST_TMPDIR"/compatmalloc-*.tar.gz >"$BATS_TEST_TMPDIR/list"
    grep -q '^compatmalloc-[0-9.]*/Makefile$' "$BATS_TEST_TMPDIR/list"
    grep -q '^compatmalloc-[0-9.]*/src/malloc/exports.map$' "$BATS_TEST_TMPDIR/list"
    run ! grep -E '^[^/]*/(build|dist|\.git)/|\.(o|so|deb|rpm)$' "$BATS_TEST_TMPDIR/list"
}

@test "the same tree gives the same source archive" {
    make_here dist DISTDIR="$BATS_TEST_TMPDIR/one"
    make_here dist DISTDIR="$BATS_TEST_TMPDIR/two"
    cmp "$BATS_TEST_TMPDIR"/one/*.tar.gz "$BATS_TEST_TMPDIR"/two/*.tar.gz
}

@test "a library that lacks what the last one had is noticed, and what it has more is not" {
    command -v abidiff >/dev/null || skip "abidiff is not installed"
    local library=$BUILD/libcompatmalloc.so.1
    make_here abi-check PREVIOUS="$library"
    cat >"$BATS_TEST_TMPDIR/previous.c" <<'EOF'
void *malloc(unsigned long size) { return (void *)size; }
EOF
    gcc -fno-builtin -shared -nostdlib -fPIC -Wl,-soname,libcompatmalloc.so.1 -o "$BATS_TEST_TMPDIR/fewer" "$BATS_TEST_TMPDIR/previous.c"
    make_here abi-check PREVIOUS="$BATS_TEST_TMPDIR/fewer"
    echo 'void compatmalloc_gone(void) { }' >>"$BATS_TEST_TMPDIR/previous.c"
    gcc -fno-builtin -shared -nostdlib -fPIC -Wl,-soname,libcompatmalloc.so.1 -o "$BATS_TEST_TMPDIR/more" "$BATS_TEST_TMPDIR/previous.c"
    run ! make_here abi-check PREVIOUS="$BATS_TEST_TMPDIR/more"
    grep -q compatmalloc_gone <<<"$output"
}

@test "make uninstall takes the library out of /etc/ld.so.preload" {
    make_here install
    # shellcheck disable=SC2016 # the dynamic linker's variable
    printf '%s\n' /opt/other.so '/usr/$LIB/libcompatmalloc.so.1' >"$S/etc/ld.so.preload"
    make_here uninstall
    [ "$(cat "$S/etc/ld.so.preload")" = /opt/other.so ]
}

@test "forget-preload takes out our entry, whatever it is next to, and nothing else" {
    local file=$BATS_TEST_TMPDIR/preload
    forgets() {
        printf '%s\n' "$1" >"$file"
        scripts/forget-preload "$file"
        diff -u <(printf '%s' "${2:+$2$'\n'}") <(if [ -e "$file" ]; then cat "$file"; fi)
    }
    # shellcheck disable=SC2016 # the dynamic linker's variable
    forgets '/usr/$LIB/libcompatmalloc.so.1' ''
    forgets 'libcompatmalloc.so.1 libother.so' ' libother.so'
    forgets 'a.so:/x/libcompatmalloc.so.1:libcompatmalloc.so.1 b.so' 'a.so:: b.so'
    forgets '# libcompatmalloc.so.1' '# libcompatmalloc.so.1'
    forgets 'libcompatmalloc.so.1 # why' ' # why'
    forgets 'libcompatmalloc.so.10 xlibcompatmalloc.so.1' 'libcompatmalloc.so.10 xlibcompatmalloc.so.1'
    [ ! -e "$file.compatmalloc-new" ]
    scripts/forget-preload "$BATS_TEST_TMPDIR/absent"
    # What says that it is to come back does not stay either.
    touch "$BATS_TEST_TMPDIR"/compatmalloc.{asleep,trial}
    scripts/forget-preload "$BATS_TEST_TMPDIR/absent"
    [ ! -e "$BATS_TEST_TMPDIR/compatmalloc.asleep" ]
    [ ! -e "$BATS_TEST_TMPDIR/compatmalloc.trial" ]
}
