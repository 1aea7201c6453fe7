/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "paths.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <sys/platform/x86.h>
#endif

#include "constants.h"
#include "operators.h"
#include "start.h"

/* --- before the start: each call starts the allocator and then is made again
 * ---------------------------------------- */

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

static void *no_memory_of_kind(size_t alignment, size_t size, enum allocation_kind kind)
{
    return kind == KIND_MALLOC ? no_memory() : operators_out_of_memory(alignment, size, kind);
}

static void *first_malloc(size_t size)
{
    return start_process() ? constants.dispatch.malloc(size) : no_memory();
}

static void *first_calloc(size_t size)
{
    return start_process() ? constants.dispatch.calloc(size) : no_memory();
}

static void first_free(void *block)
{
    if (start_process())
        constants.dispatch.free(block);
}

static void *first_realloc(void *block, size_t size)
{
    return start_process() ? constants.dispatch.realloc(block, size) : no_memory();
}

static void *first_aligned(size_t alignment, size_t size, enum allocation_kind kind)
{
    if (start_process())
        return constants.dispatch.aligned(alignment, size, kind);
    return no_memory_of_kind(alignment, size, kind);
}

static size_t first_usable_size(void *block)
{
    return start_process() ? constants.dispatch.usable_size(block) : 0;
}

static void *first_allocate(size_t size, enum allocation_kind kind)
{
    if (start_process())
        return constants.dispatch.allocate(size, kind);
    return no_memory_of_kind(MALLOC_ALIGNMENT, size, kind);
}

static void first_release(void *block, const char *operation, enum allocation_kind kind)
{
    if (start_process())
        constants.dispatch.release(block, operation, kind);
}

static void first_release_sized(void *block, size_t alignment, size_t size, const char *operation,
                                enum allocation_kind kind)
{
    if (start_process())
        constants.dispatch.release_sized(block, alignment, size, operation, kind);
}

#define PATHS_FIRST                                                                                          \
    {                                                                                                        \
        .malloc = first_malloc, .calloc = first_calloc, .free = first_free, .realloc = first_realloc,        \
        .aligned = first_aligned, .usable_size = first_usable_size, .allocate = first_allocate,              \
        .release = first_release, .release_sized = first_release_sized,                                      \
    }

__attribute__((section(".data.rel.ro.constants"))) struct constants constants = {.dispatch = PATHS_FIRST,
                                                                                 .reports.use_journal = true};

/* --- profile = off: libc's own, by the names under which glibc keeps it for interposers
 * ------------------------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);
extern void *__libc_memalign(size_t alignment, size_t size);

static void *libc_calloc(size_t size)
{
    return __libc_calloc(1, size);
}

static size_t libc_usable_size(void *block)
{
    size_t (*function)(void *) = NULL;
    *(void **)&function = dlsym(RTLD_NEXT, "malloc_usable_size");
    return function ? function(block) : 0;
}

static void *libc_aligned(size_t alignment, size_t size, enum allocation_kind kind)
{
    void *block = __libc_memalign(alignment, size);
    return block || kind == KIND_MALLOC ? block : operators_out_of_memory(alignment, size, kind);
}

static void *libc_allocate(size_t size, enum allocation_kind kind)
{
    void *block = __libc_malloc(size);
    return block ? block : operators_out_of_memory(MALLOC_ALIGNMENT, size, kind);
}

static void libc_release(void *block, const char *operation, enum allocation_kind kind)
{
    (void)operation;
    (void)kind;
    __libc_free(block);
}

static void libc_release_sized(void *block, size_t alignment, size_t size, const char *operation,
                               enum allocation_kind kind)
{
    (void)alignment;
    (void)size;
    libc_release(block, operation, kind);
}

const struct dispatch paths_passthrough = {
    .malloc = __libc_malloc,
    .calloc = libc_calloc,
    .free = __libc_free,
    .realloc = __libc_realloc,
    .aligned = libc_aligned,
    .usable_size = libc_usable_size,
    .allocate = libc_allocate,
    .release = libc_release,
    .release_sized = libc_release_sized,
};

/* What the dynamic linker found out is asked for. The compiler's __builtin_cpu_supports() would execute a
 * dozen cpuid instructions when the library is loaded, and in a virtual machine each takes microseconds. */
#if defined(__x86_64__)
static bool has_avx2(void)
{
    return CPU_FEATURE_ACTIVE(AVX2) && CPU_FEATURE_ACTIVE(BMI2);
}

static bool has_avx512(void)
{
    return has_avx2() && CPU_FEATURE_ACTIVE(AVX512F) && CPU_FEATURE_ACTIVE(AVX512VL);
}

#define WIDEST(paths) (has_avx512() ? &paths##_avx512 : has_avx2() ? &paths##_avx2 : &(paths))
#else
#define WIDEST(paths) (&(paths))
#endif

const struct dispatch *paths_for(const struct constants *settled)
{
    if (settled->passthrough)
        return &paths_passthrough;
    if (!settled->tags_replace && settled->features == FEATURES_DEFAULT)
        return WIDEST(paths_default);
    if (!settled->tags_replace && settled->features == FEATURES_LIGHT)
        return WIDEST(paths_light);
    if (!settled->tags_replace && settled->features == FEATURES_STRICT)
        return WIDEST(paths_strict);
    return &paths_dynamic;
}

const struct dispatch *paths_around(const struct constants *settled)
{
#if defined(__aarch64__)
    if (settled->tags)
        return &paths_tagged;
#endif
    return &settled->untagged;
}
