/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The C++ operators new and delete (C++20 17.6.3), so that the sizes and kinds given to delete can be
 * verified. They are exported under the names that the Itanium C++ ABI gives them, which is all that ties
 * this file to C++. Where a C++ runtime is wanted (to call the new handler and throw std::bad_alloc) the
 * program's own does it.
 *
 * A program may replace some of the operators, and those that it leaves alone are to call its own (17.6.3.2
 * and 17.6.3.3). Then all of ours step aside for the runtime's, which do.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "constants.h"
#include "operators.h"
#include "report.h"
#include "start.h"
#include "tags.h"

/* size_t is unsigned long to the ABI where it has 64 bits. */
#if UINTPTR_MAX == UINT64_MAX
#define SIZE_T "m"
#else
#define SIZE_T "j"
#endif
#define NOTHROW "RKSt9nothrow_t"
#define ALIGNED "St11align_val_t"

#define NEW          "_Znw" SIZE_T
#define NEW_ARRAY    "_Zna" SIZE_T
#define DELETE       "_ZdlPv"
#define DELETE_ARRAY "_ZdaPv"
#define SIZED        SIZE_T

/* Those that others are built on, as the dynamic linker resolved them: ours unless the program has its own.
 */
#define RESOLVED(symbol) ".dc.a " symbol "\n"
__asm__(".pushsection .data.rel.ro.operators, \"aw\"\n"
        ".balign 8\n"
        "operators_resolved:\n" RESOLVED(NEW) RESOLVED(NEW_ARRAY) RESOLVED(NEW ALIGNED)
            RESOLVED(NEW_ARRAY ALIGNED) RESOLVED(DELETE) RESOLVED(DELETE_ARRAY) RESOLVED(DELETE ALIGNED)
                RESOLVED(DELETE_ARRAY ALIGNED) ".popsection\n");
extern void *const operators_resolved[8] __attribute__((visibility("hidden")));

/*
 * Each is defined under a name of its own, by which it can be told from what the program may have put in its
 * place, and exported under the ABI's.
 */
#define EXPORT_AS(name, symbol)                                                                              \
    extern __typeof__(name) name##_exported __asm__(symbol)                                                  \
        __attribute__((alias(#name), visibility("default")))

/* Whether ours serve this process. */
static ALWAYS_INLINE bool serve(void)
{
    return likely(constants.operators) || (start_process() && constants.operators);
}

/* --- what the C++ runtime does instead */

/* Any of the operators: all take up to three words, and those that take fewer do not look at the rest. */
typedef void *operator_function(uintptr_t first, uintptr_t second, uintptr_t third);

static operator_function *runtime(const char *symbol)
{
    operator_function *function;
    void *address = dlsym(RTLD_NEXT, symbol);
    memcpy(&function, &address, sizeof function);
    return function;
}

/* Any address does: nobody looks at it. */
static const char nothrow_tag;

/*
 * The runtime's own operator new, which calls the new handler and throws std::bad_alloc, or returns NULL if
 * `kind` says nothrow.
 */
static COLD void *runtime_new(size_t alignment, size_t size, enum allocation_kind kind)
{
    static const char *const symbols[] = {
        [KIND_NEW] = NEW,
        [KIND_NEW | KIND_NOTHROW] = NEW NOTHROW,
        [KIND_NEW | KIND_ALIGNED] = NEW ALIGNED,
        [KIND_NEW | KIND_ALIGNED | KIND_NOTHROW] = NEW ALIGNED NOTHROW,
        [KIND_NEW_ARRAY] = NEW_ARRAY,
        [KIND_NEW_ARRAY | KIND_NOTHROW] = NEW_ARRAY NOTHROW,
        [KIND_NEW_ARRAY | KIND_ALIGNED] = NEW_ARRAY ALIGNED,
        [KIND_NEW_ARRAY | KIND_ALIGNED | KIND_NOTHROW] = NEW_ARRAY ALIGNED NOTHROW,
    };
    operator_function *function = runtime(symbols[kind]);
    uintptr_t tag = (uintptr_t)&nothrow_tag;
    if (function)
        return kind & KIND_ALIGNED ? function(size, alignment, tag) : function(size, tag, 0);
    if (kind & KIND_NOTHROW)
        return NULL;
    report(&(struct report){.kind = REPORT_OUT_OF_MEMORY,
                            .operation = "operator new",
                            .requested_size = size,
                            .slot_size = REPORT_UNKNOWN,
                            .offset = REPORT_UNKNOWN,
                            .detail = "and there is no C++ runtime that could throw std::bad_alloc"});
    abort();
}

void *operators_out_of_memory(size_t alignment, size_t size, enum allocation_kind kind)
{
    tags_check(); /* the new handler is the program's, and so is what catches std::bad_alloc */
    return runtime_new(alignment, size, kind);
}

/* Without a runtime ours serve after all: there is nobody else who could. */
static COLD void runtime_delete(const char *symbol, void *block, uintptr_t second, uintptr_t third)
{
    operator_function *function = runtime(symbol);
    if (function)
        (void)function((uintptr_t)block, second, third);
    else
        constants.dispatch.release(block, "operator delete", KIND_MALLOC);
}

/* --- new: blocks of `size` bytes at a multiple of `alignment`. Whoever finds that there is no memory goes on
 * to operators_out_of_memory(): so these can be jumps, which cost nothing and leave the caller's address
 * where it is. */

static ALWAYS_INLINE void *take(size_t alignment, size_t size, enum allocation_kind kind)
{
    return kind & KIND_ALIGNED ? constants.dispatch.aligned(alignment, size, kind)
                               : constants.dispatch.allocate(size, kind);
}

static COLD void *take_after_start(size_t alignment, size_t size, enum allocation_kind kind)
{
    return serve() ? take(alignment, size, kind) : runtime_new(alignment, size, kind);
}

static ALWAYS_INLINE void *allocate_aligned(size_t size, size_t alignment, enum allocation_kind kind)
{
    return likely(constants.operators) ? take(alignment, size, kind)
                                       : take_after_start(alignment, size, kind);
}

static ALWAYS_INLINE void *allocate(size_t size, enum allocation_kind kind)
{
    return allocate_aligned(size, MALLOC_ALIGNMENT, kind);
}

static void *new_plain(size_t size)
{
    return allocate(size, KIND_NEW);
}
EXPORT_AS(new_plain, NEW);

static void *new_nothrow(size_t size, const void *tag)
{
    (void)tag;
    return allocate(size, KIND_NEW | KIND_NOTHROW);
}
EXPORT_AS(new_nothrow, NEW NOTHROW);

static void *new_aligned(size_t size, size_t alignment)
{
    return allocate_aligned(size, alignment, KIND_NEW | KIND_ALIGNED);
}
EXPORT_AS(new_aligned, NEW ALIGNED);

static void *new_aligned_nothrow(size_t size, size_t alignment, const void *tag)
{
    (void)tag;
    return allocate_aligned(size, alignment, KIND_NEW | KIND_ALIGNED | KIND_NOTHROW);
}
EXPORT_AS(new_aligned_nothrow, NEW ALIGNED NOTHROW);

static void *new_array(size_t size)
{
    return allocate(size, KIND_NEW_ARRAY);
}
EXPORT_AS(new_array, NEW_ARRAY);

static void *new_array_nothrow(size_t size, const void *tag)
{
    (void)tag;
    return allocate(size, KIND_NEW_ARRAY | KIND_NOTHROW);
}
EXPORT_AS(new_array_nothrow, NEW_ARRAY NOTHROW);

static void *new_array_aligned(size_t size, size_t alignment)
{
    return allocate_aligned(size, alignment, KIND_NEW_ARRAY | KIND_ALIGNED);
}
EXPORT_AS(new_array_aligned, NEW_ARRAY ALIGNED);

static void *new_array_aligned_nothrow(size_t size, size_t alignment, const void *tag)
{
    (void)tag;
    return allocate_aligned(size, alignment, KIND_NEW_ARRAY | KIND_ALIGNED | KIND_NOTHROW);
}
EXPORT_AS(new_array_aligned_nothrow, NEW_ARRAY ALIGNED NOTHROW);

/* --- delete: releases what the new of the same kind made; NULL: nothing. A wrong size or alignment is
 * reported. */

static ALWAYS_INLINE void release(void *block, enum allocation_kind kind)
{
    constants.dispatch.release(block, kind == KIND_NEW ? "operator delete" : "operator delete[]", kind);
}

static ALWAYS_INLINE void release_sized(void *block, size_t alignment, size_t size, enum allocation_kind kind)
{
    constants.dispatch.release_sized(block, alignment, size,
                                     kind == KIND_NEW ? "operator delete" : "operator delete[]", kind);
}

static void delete_plain(void *block)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release(block, KIND_NEW);
    else
        runtime_delete(DELETE, block, 0, 0);
}
EXPORT_AS(delete_plain, DELETE);

static void delete_nothrow(void *block, const void *tag)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release(block, KIND_NEW);
    else
        runtime_delete(DELETE NOTHROW, block, (uintptr_t)tag, 0);
}
EXPORT_AS(delete_nothrow, DELETE NOTHROW);

static void delete_sized(void *block, size_t size)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release_sized(block, 0, size, KIND_NEW);
    else
        runtime_delete(DELETE SIZED, block, size, 0);
}
EXPORT_AS(delete_sized, DELETE SIZED);

static void delete_aligned(void *block, size_t alignment)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release(block, KIND_NEW);
    else
        runtime_delete(DELETE ALIGNED, block, alignment, 0);
}
EXPORT_AS(delete_aligned, DELETE ALIGNED);

static void delete_aligned_nothrow(void *block, size_t alignment, const void *tag)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release(block, KIND_NEW);
    else
        runtime_delete(DELETE ALIGNED NOTHROW, block, alignment, (uintptr_t)tag);
}
EXPORT_AS(delete_aligned_nothrow, DELETE ALIGNED NOTHROW);

static void delete_sized_aligned(void *block, size_t size, size_t alignment)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release_sized(block, alignment, size, KIND_NEW);
    else
        runtime_delete(DELETE SIZED ALIGNED, block, size, alignment);
}
EXPORT_AS(delete_sized_aligned, DELETE SIZED ALIGNED);

static void delete_array(void *block)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release(block, KIND_NEW_ARRAY);
    else
        runtime_delete(DELETE_ARRAY, block, 0, 0);
}
EXPORT_AS(delete_array, DELETE_ARRAY);

static void delete_array_nothrow(void *block, const void *tag)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release(block, KIND_NEW_ARRAY);
    else
        runtime_delete(DELETE_ARRAY NOTHROW, block, (uintptr_t)tag, 0);
}
EXPORT_AS(delete_array_nothrow, DELETE_ARRAY NOTHROW);

static void delete_array_sized(void *block, size_t size)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release_sized(block, 0, size, KIND_NEW_ARRAY);
    else
        runtime_delete(DELETE_ARRAY SIZED, block, size, 0);
}
EXPORT_AS(delete_array_sized, DELETE_ARRAY SIZED);

static void delete_array_aligned(void *block, size_t alignment)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release(block, KIND_NEW_ARRAY);
    else
        runtime_delete(DELETE_ARRAY ALIGNED, block, alignment, 0);
}
EXPORT_AS(delete_array_aligned, DELETE_ARRAY ALIGNED);

static void delete_array_aligned_nothrow(void *block, size_t alignment, const void *tag)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release(block, KIND_NEW_ARRAY);
    else
        runtime_delete(DELETE_ARRAY ALIGNED NOTHROW, block, alignment, (uintptr_t)tag);
}
EXPORT_AS(delete_array_aligned_nothrow, DELETE_ARRAY ALIGNED NOTHROW);

static void delete_array_sized_aligned(void *block, size_t size, size_t alignment)
{
    if (unlikely(!block))
        return;
    if (likely(serve()))
        release_sized(block, alignment, size, KIND_NEW_ARRAY);
    else
        runtime_delete(DELETE_ARRAY SIZED ALIGNED, block, size, alignment);
}
EXPORT_AS(delete_array_sized_aligned, DELETE_ARRAY SIZED ALIGNED);

bool operators_are_ours(void)
{
    const uintptr_t own[8] = {(uintptr_t)new_plain,      (uintptr_t)new_array,
                              (uintptr_t)new_aligned,    (uintptr_t)new_array_aligned,
                              (uintptr_t)delete_plain,   (uintptr_t)delete_array,
                              (uintptr_t)delete_aligned, (uintptr_t)delete_array_aligned};
    return memcmp(own, operators_resolved, sizeof own) == 0;
}
