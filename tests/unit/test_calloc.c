/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* calloc: zero whatever the memory held before, and products that overflow. */
#include "unit.h"

static void every_size_is_zero_after_dirty_reuse(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 70000; size += size < 5000 ? 1 : 61) {
        for (size_t repeat = 0; repeat < 3; repeat++) {
            void *block = calloc(1, size);
            if (block == NULL || !aligned(block, MINIMUM_ALIGNMENT) || !all_zero(block, size))
                fail_msg("calloc(1, %zu) returned %p, or a block that is not zero", size, block);
            memset(block, 0xff, size);
            free(block);
        }
    }
}

/* Quarantines and magazines hide reuse from a loop of one block; a few hundred of a size at once do come
 * back. */
static void blocks_are_zero_when_many_were_dirty(void **state)
{
    enum {
        BLOCKS = 600
    };
    static const size_t sizes[] = {1,    24,   40,   100,  200,   256,   500,
                                   1000, 1536, 4000, 8192, 20000, 65536, 100000};
    static void *blocks[BLOCKS];
    (void)state;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        for (size_t round = 0; round < 4; round++) {
            for (size_t i = 0; i < BLOCKS; i++) {
                blocks[i] = calloc(sizes[s], 1);
                assert_non_null(blocks[i]);
                if (!all_zero(blocks[i], sizes[s]))
                    fail_msg("a calloc block of %zu bytes is not zero in round %zu", sizes[s], round);
                memset(blocks[i], 0xa5, sizes[s]);
            }
            for (size_t i = 0; i < BLOCKS; i++)
                free(blocks[i]);
        }
    }
}

static void large_blocks_are_zero_after_dirty_reuse(void **state)
{
    (void)state;
    for (size_t size = 96 * KIB; size <= 16 * MIB; size += size / 3) {
        for (size_t repeat = 0; repeat < 4; repeat++) {
            void *block = calloc(size / 8, 8);
            assert_non_null(block);
            if (!all_zero(block, size / 8 * 8))
                fail_msg("a calloc block of %zu bytes is not zero", size);
            memset(block, 0xff, size / 8 * 8);
            free(block);
        }
    }
}

static void products_that_overflow_are_enomem(void **state)
{
    static const struct {
        size_t count, size;
    } products[] = {
        {SIZE_MAX, 2},
        {2, SIZE_MAX},
        {SIZE_MAX / 2 + 1, 2},
        {SIZE_MAX / 16 + 2, 16},            /* wraps to 16 */
        {(size_t)1 << 32, (size_t)1 << 32}, /* wraps to 0 */
        {((size_t)1 << 32) + 1, (size_t)1 << 32},
        {SIZE_MAX, SIZE_MAX}, /* wraps to 1 */
        {TOO_MUCH, 1},
        {1, TOO_MUCH},
        {1, SIZE_MAX},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(products); i++) {
        errno = 0;
        void *block = calloc(opaque_size(products[i].count), opaque_size(products[i].size));
        if (block != NULL)
            fail_msg("calloc(%zu, %zu) returned %p", products[i].count, products[i].size, block);
        assert_int_equal(errno, ENOMEM);
    }
}

static void zero_bytes_are_distinct_pointers(void **state)
{
    (void)state;
    void *one = calloc(0, 16);
    void *two = calloc(16, 0);
    void *three = calloc(0, opaque_size(SIZE_MAX));
    assert_non_null(one);
    assert_non_null(two);
    assert_non_null(three);
    assert_ptr_not_equal(one, two);
    assert_ptr_not_equal(two, three);
    free(one);
    free(two);
    free(three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_is_zero_after_dirty_reuse),
        cmocka_unit_test(blocks_are_zero_when_many_were_dirty),
        cmocka_unit_test(large_blocks_are_zero_after_dirty_reuse),
        cmocka_unit_test(products_that_overflow_are_enomem),
        cmocka_unit_test(zero_bytes_are_distinct_pointers),
    };
    return cmocka_run_group_tests_name("calloc", tests, NULL, NULL);
}
