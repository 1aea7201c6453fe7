# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# What every form of the library must look like, whatever it was packaged in.

allocator_names='aligned_alloc calloc cfree free free_aligned_sized free_sized mallinfo mallinfo2 malloc malloc_info
malloc_stats malloc_trim malloc_usable_size mallopt memalign posix_memalign pvalloc realloc reallocarray valloc'

# What the library replaces besides: the C++ operators, and the functions that copy (src/malloc/exports.map).
copying_names='bcopy bzero memccpy memcpy memmove mempcpy memset stpcpy stpncpy strcat strcpy strncat strncpy wcpcpy wcpncpy
wcscat wcscpy wcsncat wcsncpy wmemcpy wmemmove wmempcpy wmemset'

# exports LIBRARY: the names that it defines for others, one per line.
exports() {
    nm --dynamic --defined-only --format=posix "$1" | awk '{ sub(/@.*/, "", $1); print $1 }' | sort
}

has_contract_exports() {
    local name names
    names=$(exports "$1")
    for name in $allocator_names $copying_names _Znwm _ZdlPv _ZdlPvm compatmalloc_version compatmalloc_features compatmalloc_features_string \
        compatmalloc_check_integrity compatmalloc_statistics_get; do
        grep -qx "$name" <<<"$names" || {
            echo "$1 does not export $name"
            return 1
        }
    done
    # shellcheck disable=SC2086 # one name per line
    if grep -vxF -f <(printf '%s\n' $allocator_names $copying_names) <<<"$names" |
        grep -Ev '^compatmalloc_|^_Z(n[aw]|d[al])'; then
        echo "$1 exports these names as well"
        return 1
    fi
}

has_contract_soname() {
    [ "$(objdump -p "$1" | awk '$1 == "SONAME" { print $2 }')" = libcompatmalloc.so.1 ]
}

needs_libc_alone() {
    objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }'
    ! objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }' | grep -Ev '^(libc|ld-linux.*)\.so\.[0-9]+$'
}

# Relocations read-only and resolved at start, no executable stack, no writable and executable segment.
is_hardened() {
    readelf --wide --segments --dynamic "$1" >"$BATS_TEST_TMPDIR/elf"
    grep -q GNU_RELRO "$BATS_TEST_TMPDIR/elf"
    grep -Eq 'BIND_NOW|FLAGS_1.*NOW' "$BATS_TEST_TMPDIR/elf"
    grep -E 'GNU_STACK +([0-9a-fx]+ +){5}RW +' "$BATS_TEST_TMPDIR/elf"
    ! grep -E ' RWE |TEXTREL' "$BATS_TEST_TMPDIR/elf"
}
