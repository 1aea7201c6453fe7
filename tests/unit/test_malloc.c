/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* malloc: alignment, distinct blocks that hold their contents at every size, and how it fails. */
#include "unit.h"

static void every_size_is_aligned_and_writable(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 70000; size++) {
        unsigned char *block = malloc(size);
        if (block == NULL || !aligned(block, MINIMUM_ALIGNMENT))
            fail_msg("malloc(%zu) returned %p", size, (void *)block);
        if (size > 0) {
            block[0] = 1;
            block[size / 2] = 2;
            block[size - 1] = 3;
        }
        free(block);
    }
}

static void sizes_around_powers_of_two_hold_their_contents(void **state)
{
    (void)state;
    for (size_t power = 1; power <= 64 * MIB; power *= 2) {
        for (size_t size = power - 1; size <= power + 1; size++) {
            unsigned char *block = malloc(size);
            assert_non_null(block);
            assert_true(aligned(block, MINIMUM_ALIGNMENT));
            fill(block, size, power);
            if (!intact(block, size, power))
                fail_msg("a block of %zu bytes lost its contents", size);
            free(block);
        }
    }
}

static void live_blocks_do_not_overlap(void **state)
{
    enum {
        BLOCKS = 20000
    };
    static void *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    uint64_t random = 1;
    (void)state;
    for (size_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            if (blocks[i] != NULL) {
                if (!intact(blocks[i], sizes[i], i + round - 1))
                    fail_msg("block %zu of %zu bytes was overwritten by another", i, sizes[i]);
                /* Every other block stays for a round, so that old and new ones are neighbours. */
                if (next_random(&random) % 2 == 0) {
                    fill(blocks[i], sizes[i], i + round);
                    continue;
                }
                free(blocks[i]);
            }
            sizes[i] = next_random(&random) % (i % 100 == 0 ? 200000 : 600);
            blocks[i] = malloc(sizes[i]);
            assert_non_null(blocks[i]);
            fill(blocks[i], sizes[i], i + round);
        }
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

static void zero_bytes_are_distinct_pointers(void **state)
{
    void *blocks[1000];
    (void)state;
    for (size_t i = 0; i < COUNT(blocks); i++) {
        blocks[i] = malloc(0);
        assert_non_null(blocks[i]);
        assert_true(aligned(blocks[i], MINIMUM_ALIGNMENT));
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(blocks[i], blocks[j]);
    }
    for (size_t i = 0; i < COUNT(blocks); i++)
        free(blocks[i]);
}

static void read_first_byte(void *block)
{
    *(volatile char *)block;
}

static void write_first_byte(void *block)
{
    *(volatile char *)block = 1;
}

static void zero_bytes_fault_when_used(void **state)
{
    (void)state;
    void *block = opaque(malloc(0));
    assert_dies_by(SIGSEGV, read_first_byte, block);
    assert_dies_by(SIGSEGV, write_first_byte, block);
    free(block);
    block = opaque(calloc(0, 8));
    assert_dies_by(SIGSEGV, write_first_byte, block);
    free(block);
    block = opaque(realloc(NULL, 0));
    assert_non_null(block);
    assert_dies_by(SIGSEGV, write_first_byte, block);
    free(block);
}

static void many_zero_byte_blocks_cost_no_memory_that_runs_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < 200000; i++) {
        void *block = malloc(0);
        assert_non_null(block);
        free(block);
    }
}

static void too_much_is_enomem(void **state)
{
    static const size_t sizes[] = {TOO_MUCH,          TOO_MUCH + 1,    TOO_MUCH - 1,    SIZE_MAX / 2 + 4096,
                                   SIZE_MAX - 100000, SIZE_MAX - 4096, SIZE_MAX - 4095, SIZE_MAX - 64,
                                   SIZE_MAX - 16,     SIZE_MAX - 15,   SIZE_MAX - 1,    SIZE_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        errno = 0;
        void *block = malloc(opaque_size(sizes[i]));
        if (block != NULL)
            fail_msg("malloc(%zu) returned %p", sizes[i], block);
        assert_int_equal(errno, ENOMEM);
    }
}

static void more_than_the_address_space_is_enomem(void **state)
{
    (void)state;
    /* Possible as an object, impossible as a mapping: 47 bits of user address space. */
    for (size_t size = (size_t)1 << 47; size < TOO_MUCH; size *= 2) {
        errno = 0;
        assert_null(malloc(opaque_size(size)));
        assert_int_equal(errno, ENOMEM);
    }
    free(malloc(1000));
}

static void errno_is_untouched_by_success(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 4096, 70000, 200000, 8 * MIB};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        errno = EXDEV;
        void *block = malloc(sizes[i]);
        assert_non_null(block);
        assert_int_equal(errno, EXDEV);
        free(block);
    }
}

static void large_blocks_can_be_many(void **state)
{
    enum {
        BLOCKS = 2000
    };
    static void *blocks[BLOCKS];
    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(200 * KIB + i);
        assert_non_null(blocks[i]);
        fill(blocks[i], 64, i);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        assert_true(intact(blocks[i], 64, i));
        free(blocks[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_is_aligned_and_writable),
        cmocka_unit_test(sizes_around_powers_of_two_hold_their_contents),
        cmocka_unit_test(live_blocks_do_not_overlap),
        cmocka_unit_test(zero_bytes_are_distinct_pointers),
        cmocka_unit_test(zero_bytes_fault_when_used),
        cmocka_unit_test(many_zero_byte_blocks_cost_no_memory_that_runs_out),
        cmocka_unit_test(too_much_is_enomem),
        cmocka_unit_test(more_than_the_address_space_is_enomem),
        cmocka_unit_test(errno_is_untouched_by_success),
        cmocka_unit_test(large_blocks_can_be_many),
    };
    return cmocka_run_group_tests_name("malloc", tests, NULL, NULL);
}
