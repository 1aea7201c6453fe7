#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Each case is a program with one misuse and its correct twin: the misuse must be stopped and named, the twin undisturbed.
# What exactly is expected stands in the case's source, tests/detect/CASE.c or CASE.cc.

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    ulimit -c 0
    export BUILD=${BUILD:-build/release} RUNNER=${RUNNER:-} CROSS=${CROSS:-}
    export LIB=${LIB:-$PWD/$BUILD/libcompatmalloc.so.1}
}

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    # shellcheck source=tests/lib/cases.bash
    source tests/lib/cases.bash
}

@test "every case is run here" {
    local source
    for source in tests/detect/*.c tests/detect/*.cc; do
        if ! grep -q "{ run_case $(basename "${source%.c*}"); }\$" "$BATS_TEST_FILENAME"; then
            echo "$source is not run"
            return 1
        fi
    done
}

@test "every case says what it expects" {
    local source
    for source in tests/detect/*.c tests/detect/*.cc; do
        if ! grep -q '^ \* expect: [a-z]' "$source"; then
            echo "$source has no expect: line"
            return 1
        fi
    done
}

@test "CWE-122: aligned 64" { run_case cwe122-aligned-64; }
@test "CWE-122: aligned any" { run_case cwe122-aligned-any; }
@test "CWE-122: among many" { run_case cwe122-among-many; }
@test "CWE-122: array last index" { run_case cwe122-array-last-index; }
@test "CWE-122: bcopy" { run_case cwe122-bcopy; }
@test "CWE-122: bzero" { run_case cwe122-bzero; }
@test "CWE-122: calloc one byte" { run_case cwe122-calloc-one-byte; }
@test "CWE-122: copy too long" { run_case cwe122-copy-too-long; }
@test "CWE-122: exit while threads run" { run_case cwe122-exit-while-threads-run; }
@test "CWE-122: formatted" { run_case cwe122-formatted; }
@test "CWE-122: found by free of next" { run_case cwe122-found-by-free-of-next; }
@test "CWE-122: found by free of previous" { run_case cwe122-found-by-free-of-previous; }
@test "CWE-122: found by realloc growing" { run_case cwe122-found-by-realloc-growing; }
@test "CWE-122: found by realloc same size" { run_case cwe122-found-by-realloc-same-size; }
@test "CWE-122: found by realloc shrinking" { run_case cwe122-found-by-realloc-shrinking; }
@test "CWE-122: found by realloc to zero" { run_case cwe122-found-by-realloc-to-zero; }
@test "CWE-122: freed by another thread" { run_case cwe122-freed-by-another-thread; }
@test "CWE-122: freed by child" { run_case cwe122-freed-by-child; }
@test "CWE-122: index from text" { run_case cwe122-index-from-text; }
@test "CWE-122: into next block" { run_case cwe122-into-next-block; }
@test "CWE-122: large guard page" { run_case cwe122-large-guard-page; }
@test "CWE-122: last byte of slot" { run_case cwe122-last-byte-of-slot; }
@test "CWE-122: malloc one byte" { run_case cwe122-malloc-one-byte; }
@test "CWE-122: memccpy" { run_case cwe122-memccpy; }
@test "CWE-122: memcpy" { run_case cwe122-memcpy; }
@test "CWE-122: memmove" { run_case cwe122-memmove; }
@test "CWE-122: mempcpy" { run_case cwe122-mempcpy; }
@test "CWE-122: memset" { run_case cwe122-memset; }
@test "CWE-122: never freed among many" { run_case cwe122-never-freed-among-many; }
@test "CWE-122: never freed" { run_case cwe122-never-freed; }
@test "CWE-122: new array" { run_case cwe122-new-array; }
@test "CWE-122: placement new" { run_case cwe122-placement-new; }
@test "CWE-122: realloc grown" { run_case cwe122-realloc-grown; }
@test "CWE-122: realloc shrunk" { run_case cwe122-realloc-shrunk; }
@test "CWE-122: reallocarray" { run_case cwe122-reallocarray; }
@test "CWE-122: stpcpy" { run_case cwe122-stpcpy; }
@test "CWE-122: stpncpy" { run_case cwe122-stpncpy; }
@test "CWE-122: strcat" { run_case cwe122-strcat; }
@test "CWE-122: strcpy" { run_case cwe122-strcpy; }
@test "CWE-122: string terminator" { run_case cwe122-string-terminator; }
@test "CWE-122: strncat" { run_case cwe122-strncat; }
@test "CWE-122: strncpy" { run_case cwe122-strncpy; }
@test "CWE-122: valloc" { run_case cwe122-valloc; }
@test "CWE-122: vector" { run_case cwe122-vector; }
@test "CWE-122: wcpcpy" { run_case cwe122-wcpcpy; }
@test "CWE-122: wcpncpy" { run_case cwe122-wcpncpy; }
@test "CWE-122: wcscat" { run_case cwe122-wcscat; }
@test "CWE-122: wcscpy" { run_case cwe122-wcscpy; }
@test "CWE-122: wcsncat" { run_case cwe122-wcsncat; }
@test "CWE-122: wcsncpy" { run_case cwe122-wcsncpy; }
@test "CWE-122: wide terminator" { run_case cwe122-wide-terminator; }
@test "CWE-122: wmemcpy" { run_case cwe122-wmemcpy; }
@test "CWE-122: wmemmove" { run_case cwe122-wmemmove; }
@test "CWE-122: wmempcpy" { run_case cwe122-wmempcpy; }
@test "CWE-122: wmemset" { run_case cwe122-wmemset; }
@test "CWE-122: wrong element size" { run_case cwe122-wrong-element-size; }
@test "CWE-122: zero bytes realloc" { run_case cwe122-zero-bytes-realloc; }
@test "CWE-122: zero bytes" { run_case cwe122-zero-bytes; }
@test "CWE-124: beside freed" { run_case cwe124-beside-freed; }
@test "CWE-124: copy to before" { run_case cwe124-copy-to-before; }
@test "CWE-124: found by own free" { run_case cwe124-found-by-own-free; }
@test "CWE-124: into neighbour" { run_case cwe124-into-neighbour; }
@test "CWE-124: large guard page" { run_case cwe124-large-guard-page; }
@test "CWE-124: large one byte before" { run_case cwe124-large-one-byte-before; }
@test "CWE-124: never freed of any size" { run_case cwe124-never-freed-of-any-size; }
@test "CWE-124: never freed" { run_case cwe124-never-freed; }
@test "CWE-124: new array" { run_case cwe124-new-array; }
@test "CWE-124: string to before" { run_case cwe124-string-to-before; }
@test "CWE-124: wide string to before" { run_case cwe124-wide-string-to-before; }
@test "CWE-126: bcopy" { run_case cwe126-bcopy; }
@test "CWE-126: large read" { run_case cwe126-large-read; }
@test "CWE-126: memccpy" { run_case cwe126-memccpy; }
@test "CWE-126: memcpy" { run_case cwe126-memcpy; }
@test "CWE-126: memmove" { run_case cwe126-memmove; }
@test "CWE-126: mempcpy" { run_case cwe126-mempcpy; }
@test "CWE-126: sampled" { run_case cwe126-sampled; }
@test "CWE-126: slot of pages" { run_case cwe126-slot-of-pages; }
@test "CWE-126: stpcpy" { run_case cwe126-stpcpy; }
@test "CWE-126: stpncpy" { run_case cwe126-stpncpy; }
@test "CWE-126: strcat" { run_case cwe126-strcat; }
@test "CWE-126: strcpy" { run_case cwe126-strcpy; }
@test "CWE-126: strncat" { run_case cwe126-strncat; }
@test "CWE-126: strncpy" { run_case cwe126-strncpy; }
@test "CWE-126: wcpcpy" { run_case cwe126-wcpcpy; }
@test "CWE-126: wcpncpy" { run_case cwe126-wcpncpy; }
@test "CWE-126: wcscat" { run_case cwe126-wcscat; }
@test "CWE-126: wcscpy" { run_case cwe126-wcscpy; }
@test "CWE-126: wcsncat" { run_case cwe126-wcsncat; }
@test "CWE-126: wcsncpy" { run_case cwe126-wcsncpy; }
@test "CWE-126: wmemcpy" { run_case cwe126-wmemcpy; }
@test "CWE-126: wmemmove" { run_case cwe126-wmemmove; }
@test "CWE-126: wmempcpy" { run_case cwe126-wmempcpy; }
@test "CWE-126: zero bytes" { run_case cwe126-zero-bytes; }
@test "CWE-127: copy from before" { run_case cwe127-copy-from-before; }
@test "CWE-127: large read" { run_case cwe127-large-read; }
@test "CWE-127: slot of pages" { run_case cwe127-slot-of-pages; }
@test "CWE-127: string from before" { run_case cwe127-string-from-before; }
@test "CWE-127: wide string from before" { run_case cwe127-wide-string-from-before; }
@test "CWE-190: calloc product" { run_case cwe190-calloc-product; }
@test "CWE-190: negative length" { run_case cwe190-negative-length; }
@test "CWE-190: reallocarray product" { run_case cwe190-reallocarray-product; }
@test "CWE-415: after other frees" { run_case cwe415-after-other-frees; }
@test "CWE-415: after other sizes" { run_case cwe415-after-other-sizes; }
@test "CWE-415: after trim" { run_case cwe415-after-trim; }
@test "CWE-415: aligned" { run_case cwe415-aligned; }
@test "CWE-415: alternating" { run_case cwe415-alternating; }
@test "CWE-415: calloc" { run_case cwe415-calloc; }
@test "CWE-415: child of fork" { run_case cwe415-child-of-fork; }
@test "CWE-415: copied object" { run_case cwe415-copied-object; }
@test "CWE-415: delete array" { run_case cwe415-delete-array; }
@test "CWE-415: delete" { run_case cwe415-delete; }
@test "CWE-415: error path" { run_case cwe415-error-path; }
@test "CWE-415: freed then realloc" { run_case cwe415-freed-then-realloc; }
@test "CWE-415: immediately" { run_case cwe415-immediately; }
@test "CWE-415: race of two" { run_case cwe415-race-of-two; }
@test "CWE-415: racing threads" { run_case cwe415-racing-threads; }
@test "CWE-415: realloc then free old" { run_case cwe415-realloc-then-free-old; }
@test "CWE-415: realloc to zero then free" { run_case cwe415-realloc-to-zero-then-free; }
@test "CWE-415: thread that ended" { run_case cwe415-thread-that-ended; }
@test "CWE-415: two smart pointers" { run_case cwe415-two-smart-pointers; }
@test "CWE-415: two threads" { run_case cwe415-two-threads; }
@test "CWE-416: aligned" { run_case cwe416-aligned; }
@test "CWE-416: call through freed" { run_case cwe416-call-through-freed; }
@test "CWE-416: clear whole" { run_case cwe416-clear-whole; }
@test "CWE-416: copy from freed" { run_case cwe416-copy-from-freed; }
@test "CWE-416: copy to freed" { run_case cwe416-copy-to-freed; }
@test "CWE-416: follow freed link" { run_case cwe416-follow-freed-link; }
@test "CWE-416: freed pages read" { run_case cwe416-freed-pages-read; }
@test "CWE-416: freed pages write" { run_case cwe416-freed-pages-write; }
@test "CWE-416: iterator" { run_case cwe416-iterator; }
@test "CWE-416: old address after realloc" { run_case cwe416-old-address-after-realloc; }
@test "CWE-416: one of many" { run_case cwe416-one-of-many; }
@test "CWE-416: read large after realloc" { run_case cwe416-read-large-after-realloc; }
@test "CWE-416: read large" { run_case cwe416-read-large; }
@test "CWE-416: sampled" { run_case cwe416-sampled; }
@test "CWE-416: string from freed" { run_case cwe416-string-from-freed; }
@test "CWE-416: string to freed" { run_case cwe416-string-to-freed; }
@test "CWE-416: then the end" { run_case cwe416-then-the-end; }
@test "CWE-416: virtual call" { run_case cwe416-virtual-call; }
@test "CWE-416: wide string from freed" { run_case cwe416-wide-string-from-freed; }
@test "CWE-416: wide string to freed" { run_case cwe416-wide-string-to-freed; }
@test "CWE-416: write first byte" { run_case cwe416-write-first-byte; }
@test "CWE-416: write large" { run_case cwe416-write-large; }
@test "CWE-416: write last byte" { run_case cwe416-write-last-byte; }
@test "CWE-416: write middle" { run_case cwe416-write-middle; }
@test "CWE-416: written by another thread" { run_case cwe416-written-by-another-thread; }
@test "CWE-590: alloca" { run_case cwe590-alloca; }
@test "CWE-590: any value realloc" { run_case cwe590-any-value-realloc; }
@test "CWE-590: any value" { run_case cwe590-any-value; }
@test "CWE-590: code" { run_case cwe590-code; }
@test "CWE-590: delete array stack" { run_case cwe590-delete-array-stack; }
@test "CWE-590: delete array static" { run_case cwe590-delete-array-static; }
@test "CWE-590: delete placed" { run_case cwe590-delete-placed; }
@test "CWE-590: delete stack" { run_case cwe590-delete-stack; }
@test "CWE-590: delete static" { run_case cwe590-delete-static; }
@test "CWE-590: foreign mapping offset" { run_case cwe590-foreign-mapping-offset; }
@test "CWE-590: foreign mapping" { run_case cwe590-foreign-mapping; }
@test "CWE-590: global" { run_case cwe590-global; }
@test "CWE-590: kernel range" { run_case cwe590-kernel-range; }
@test "CWE-590: non canonical" { run_case cwe590-non-canonical; }
@test "CWE-590: program break" { run_case cwe590-program-break; }
@test "CWE-590: realloc foreign" { run_case cwe590-realloc-foreign; }
@test "CWE-590: small integers" { run_case cwe590-small-integers; }
@test "CWE-590: stack of another thread" { run_case cwe590-stack-of-another-thread; }
@test "CWE-590: stack" { run_case cwe590-stack; }
@test "CWE-590: string literal" { run_case cwe590-string-literal; }
@test "CWE-590: thread local" { run_case cwe590-thread-local; }
@test "CWE-761: advanced pointer" { run_case cwe761-advanced-pointer; }
@test "CWE-761: aligned block" { run_case cwe761-aligned-block; }
@test "CWE-761: array with count" { run_case cwe761-array-with-count; }
@test "CWE-761: delete array inside" { run_case cwe761-delete-array-inside; }
@test "CWE-761: every offset" { run_case cwe761-every-offset; }
@test "CWE-761: large inside" { run_case cwe761-large-inside; }
@test "CWE-761: large page start" { run_case cwe761-large-page-start; }
@test "CWE-761: never allocated" { run_case cwe761-never-allocated; }
@test "CWE-761: page inside" { run_case cwe761-page-inside; }
@test "CWE-761: realloc inside" { run_case cwe761-realloc-inside; }
@test "CWE-761: search in wide string" { run_case cwe761-search-in-wide-string; }
@test "CWE-761: second element" { run_case cwe761-second-element; }
@test "CWE-762: aligned new free" { run_case cwe762-aligned-new-free; }
@test "CWE-762: aligned sized delete" { run_case cwe762-aligned-sized-delete; }
@test "CWE-762: aligned sized free" { run_case cwe762-aligned-sized-free; }
@test "CWE-762: calloc delete array" { run_case cwe762-calloc-delete-array; }
@test "CWE-762: calloc delete" { run_case cwe762-calloc-delete; }
@test "CWE-762: delete through base" { run_case cwe762-delete-through-base; }
@test "CWE-762: malloc delete array" { run_case cwe762-malloc-delete-array; }
@test "CWE-762: malloc delete object" { run_case cwe762-malloc-delete-object; }
@test "CWE-762: malloc delete" { run_case cwe762-malloc-delete; }
@test "CWE-762: memalign delete" { run_case cwe762-memalign-delete; }
@test "CWE-762: new array delete" { run_case cwe762-new-array-delete; }
@test "CWE-762: new array free" { run_case cwe762-new-array-free; }
@test "CWE-762: new delete array" { run_case cwe762-new-delete-array; }
@test "CWE-762: new free" { run_case cwe762-new-free; }
@test "CWE-762: new realloc" { run_case cwe762-new-realloc; }
@test "CWE-762: nothrow new free" { run_case cwe762-nothrow-new-free; }
@test "CWE-762: one of array" { run_case cwe762-one-of-array; }
@test "CWE-762: own operators" { run_case cwe762-own-operators; }
@test "CWE-762: realloc delete array" { run_case cwe762-realloc-delete-array; }
@test "CWE-762: realloc delete" { run_case cwe762-realloc-delete; }
@test "CWE-762: sized delete array" { run_case cwe762-sized-delete-array; }
@test "CWE-762: sized delete" { run_case cwe762-sized-delete; }
@test "CWE-762: sized free of derived" { run_case cwe762-sized-free-of-derived; }
@test "CWE-762: sized free" { run_case cwe762-sized-free; }
@test "CWE-762: strdup delete array" { run_case cwe762-strdup-delete-array; }
@test "metadata: freed state" { run_case metadata-freed-state; }
@test "metadata: live bit" { run_case metadata-live-bit; }
@test "metadata: depot" { run_case metadata-depot; }
@test "metadata: quarantine" { run_case metadata-quarantine; }
@test "metadata: size" { run_case metadata-size; }
