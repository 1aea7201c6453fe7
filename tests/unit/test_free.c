/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* free and its relatives: errno, NULL, the obsolete cfree, and C23's sized forms. */
#include "unit.h"

#include <dlfcn.h>
#include <sys/mman.h>

typedef void cfree_function(void *block);
typedef void free_sized_function(void *block, size_t size);
typedef void free_aligned_sized_function(void *block, size_t alignment, size_t size);

static const size_t sizes[] = {0, 1, 16, 100, 255, 256, 1000, 4096, 30000, 100000, 131072, 200000, 5000000};

static void errno_is_preserved(void **state)
{
    (void)state;
    for (size_t repeat = 0; repeat < 50; repeat++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            void *block = malloc(sizes[i]);
            assert_non_null(block);
            fill(block, sizes[i], i);
            errno = ENOTTY;
            free(block);
            assert_int_equal(errno, ENOTTY);
        }
    }
}

static void null_is_accepted(void **state)
{
    (void)state;
    errno = ENOTTY;
    free(opaque(NULL));
    assert_int_equal(errno, ENOTTY);
}

static void cfree_frees(void **state)
{
    cfree_function *cfree_of_library = (cfree_function *)dlsym(RTLD_DEFAULT, "cfree");
    (void)state;
    assert_non_null(cfree_of_library);
    for (size_t i = 0; i < COUNT(sizes); i++)
        cfree_of_library(malloc(sizes[i]));
    cfree_of_library(NULL);
}

static void free_sized_frees_what_was_asked_for(void **state)
{
    free_sized_function *free_sized_of_library = (free_sized_function *)dlsym(RTLD_DEFAULT, "free_sized");
    (void)state;
    assert_non_null(free_sized_of_library);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        errno = ENOTTY;
        free_sized_of_library(malloc(sizes[i]), sizes[i]);
        free_sized_of_library(calloc(sizes[i], 1), sizes[i]);
        free_sized_of_library(realloc(malloc(sizes[i] / 2 + 1), sizes[i] + 1), sizes[i] + 1);
        assert_int_equal(errno, ENOTTY);
    }
    free_sized_of_library(NULL, 0);
    free_sized_of_library(NULL, 100);
}

static void free_aligned_sized_frees_what_was_asked_for(void **state)
{
    free_aligned_sized_function *free_of_library =
        (free_aligned_sized_function *)dlsym(RTLD_DEFAULT, "free_aligned_sized");
    (void)state;
    assert_non_null(free_of_library);
    for (size_t alignment = 1; alignment <= 2 * MIB; alignment *= 2) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            errno = ENOTTY;
            free_of_library(aligned_alloc(alignment, sizes[i]), alignment, sizes[i]);
            assert_int_equal(errno, ENOTTY);
        }
    }
    free_of_library(NULL, 64, 100);
}

struct sized_free {
    free_sized_function *function;
    size_t size;
};

static void free_100_bytes_with_size(void *argument)
{
    const struct sized_free *request = argument;
    request->function(malloc(100), request->size);
}

static void free_sized_with_a_wrong_size_aborts(void **state)
{
    static const size_t wrong[] = {0, 1, 99, 101, 112, 200, SIZE_MAX};
    struct sized_free request = {.function = (free_sized_function *)dlsym(RTLD_DEFAULT, "free_sized")};
    (void)state;
    assert_non_null(request.function);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        request.size = wrong[i];
        assert_dies_by(SIGABRT, free_100_bytes_with_size, &request);
    }
}

/* Large blocks are pages, and some programs take them for theirs. */
static void pages_that_the_program_changed_are_freed(void **state)
{
    static const size_t large[] = {200000, 1000000, 5000000, 40000000};
    (void)state;
    for (size_t i = 0; i < COUNT(large); i++)
        for (int change = 0; change < 3; change++) {
            size_t page = (size_t)getpagesize();
            char *block = malloc(large[i]);
            assert_non_null(block);
            memset(block, 'x', large[i]);
            void *middle = (void *)(((uintptr_t)block + large[i] / 2) & ~(uintptr_t)(page - 1));
            assert_int_equal(change == 0   ? mprotect(middle, page, PROT_READ)
                             : change == 1 ? mprotect(middle, page, PROT_NONE)
                                           : munmap(middle, page),
                             0);
            free(block);
            char *next = calloc(1, large[i]);
            assert_non_null(next);
            assert_true(next[0] == 0 && next[large[i] / 2] == 0);
            free(next);
        }
}

/* A server's memory must not grow with its age. */
static void freed_memory_is_used_again(void **state)
{
    (void)state;
    for (size_t round = 0; round < 3; round++) {
        struct mallinfo2 before = mallinfo2();
        for (size_t i = 0; i < 20000; i++)
            free(malloc(1 + i % 3000));
        for (size_t i = 0; i < 2000; i++)
            free(malloc(200 * KIB + i % 100 * KIB));
        struct mallinfo2 after = mallinfo2();
        if (round > 0 && after.arena + after.hblkhd > before.arena + before.hblkhd + 32 * MIB)
            fail_msg("the heap grew from %zu to %zu bytes", before.arena + before.hblkhd,
                     after.arena + after.hblkhd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errno_is_preserved),
        cmocka_unit_test(null_is_accepted),
        cmocka_unit_test(cfree_frees),
        cmocka_unit_test(free_sized_frees_what_was_asked_for),
        cmocka_unit_test(free_aligned_sized_frees_what_was_asked_for),
        cmocka_unit_test(free_sized_with_a_wrong_size_aborts),
        cmocka_unit_test(pages_that_the_program_changed_are_freed),
        cmocka_unit_test(freed_memory_is_used_again),
    };
    return cmocka_run_group_tests_name("free", tests, NULL, NULL);
}
