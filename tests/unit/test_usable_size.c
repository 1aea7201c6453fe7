/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* malloc_usable_size: with canaries the requested size exactly, since every byte behind it is checked. */
#include "unit.h"

#include <dlfcn.h>

#include "compatmalloc.h"

static bool canaries_in_force(void)
{
    unsigned (*features)(void) = (unsigned (*)(void))dlsym(RTLD_DEFAULT, "compatmalloc_features");
    return features != NULL && (features() & COMPATMALLOC_CANARIES) != 0;
}

static void check_usable_size(void *block, size_t requested)
{
    assert_non_null(block);
    size_t usable = malloc_usable_size(block);
    if (canaries_in_force() ? usable != requested : usable < requested)
        fail_msg("%zu bytes are usable of a block of %zu bytes", usable, requested);
    fill(block, usable, requested);
    assert_true(intact(block, usable, requested));
}

static void it_is_the_requested_size(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 300000; size += size < 5000 ? 1 : 101) {
        void *block = malloc(size);
        check_usable_size(block, size);
        free(block);
        block = calloc(1, size);
        check_usable_size(block, size);
        free(block);
    }
}

static void it_follows_realloc(void **state)
{
    (void)state;
    void *block = NULL;
    for (size_t size = 1; size < 3000000; size += size / 3 + 1) {
        block = realloc(block, size);
        check_usable_size(block, size);
    }
    for (size_t size = 3000000; size > 0; size -= size / 3 + 1) {
        block = realloc(block, size);
        check_usable_size(block, size);
    }
    free(block);
}

static void it_holds_for_aligned_blocks(void **state)
{
    (void)state;
    for (size_t alignment = 16; alignment <= 2 * MIB; alignment *= 2) {
        void *block = memalign(alignment, alignment / 2 + 3);
        check_usable_size(block, alignment / 2 + 3);
        free(block);
    }
}

static void null_has_none(void **state)
{
    (void)state;
    assert_int_equal(malloc_usable_size(NULL), 0);
}

static void zero_bytes_are_none(void **state)
{
    (void)state;
    void *block = malloc(0);
    assert_non_null(block);
    assert_int_equal(malloc_usable_size(block), 0);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_requested_size),    cmocka_unit_test(it_follows_realloc),
        cmocka_unit_test(it_holds_for_aligned_blocks), cmocka_unit_test(null_has_none),
        cmocka_unit_test(zero_bytes_are_none),
    };
    return cmocka_run_group_tests_name("usable size", tests, NULL, NULL);
}
