/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* realloc and reallocarray: contents survive every change of size; failure leaves the block as it was. */
#include "unit.h"

static void check_change(size_t from, size_t to)
{
    size_t kept = from < to ? from : to;
    unsigned char *block = malloc(from);
    assert_non_null(block);
    fill(block, from, from);
    unsigned char *changed = realloc(block, to);
    if (changed == NULL || !aligned(changed, MINIMUM_ALIGNMENT))
        fail_msg("realloc from %zu to %zu returned %p", from, to, (void *)changed);
    if (!intact(changed, kept, from))
        fail_msg("realloc from %zu to %zu lost contents", from, to);
    fill(changed, to, to);
    free(changed);
}

static void contents_survive_between_all_size_classes(void **state)
{
    static const size_t sizes[] = {1,     8,     15,    16,     17,     24,     31,     32,    33,
                                   48,    64,    100,   128,    200,    256,    257,    320,   500,
                                   513,   700,   1024,  1500,   2048,   3000,   4095,   4096,  4097,
                                   6000,  8192,  10000, 16384,  20000,  32768,  40000,  65535, 65536,
                                   65537, 90000, 98304, 114688, 120000, 130000, 131072, 140000};
    (void)state;
    for (size_t from = 0; from < COUNT(sizes); from++) {
        for (size_t to = 0; to < COUNT(sizes); to++)
            check_change(sizes[from], sizes[to]);
    }
}

static void contents_survive_around_the_large_threshold(void **state)
{
    (void)state;
    for (size_t from = 124 * KIB; from <= 136 * KIB; from += 1021) {
        for (size_t to = 124 * KIB; to <= 136 * KIB; to += 509)
            check_change(from, to);
    }
}

static void contents_survive_among_large_blocks(void **state)
{
    static const size_t sizes[] = {100,         128 * KIB + 1, 200 * KIB, 1 * MIB - 1, 1 * MIB,
                                   1 * MIB + 1, 3 * MIB,       8 * MIB,   32 * MIB};
    (void)state;
    for (size_t from = 0; from < COUNT(sizes); from++) {
        for (size_t to = 0; to < COUNT(sizes); to++)
            check_change(sizes[from], sizes[to]);
    }
}

static void a_block_grows_byte_by_byte(void **state)
{
    unsigned char *block = NULL;
    (void)state;
    for (size_t size = 1; size <= 40000; size++) {
        block = realloc(block, size);
        assert_non_null(block);
        block[size - 1] = pattern(7, size - 1);
        if (size % 997 == 0)
            assert_true(intact(block, size, 7));
    }
    for (size_t size = 40000; size >= 1; size -= size > 300 ? 37 : 1) {
        block = realloc(block, size);
        assert_non_null(block);
        if (!intact(block, size, 7))
            fail_msg("shrunk to %zu bytes, the block lost contents", size);
    }
    free(block);
}

static void a_large_block_grows_by_doubling_and_shrinks(void **state)
{
    unsigned char *block = malloc(64 * KIB);
    assert_non_null(block);
    fill(block, 64 * KIB, 5);
    (void)state;
    for (size_t size = 128 * KIB; size <= 128 * MIB; size *= 2) {
        block = realloc(block, size);
        assert_non_null(block);
        assert_true(intact(block, 64 * KIB, 5));
        block[size - 1] = 1;
    }
    for (size_t size = 100 * MIB; size >= 64 * KIB; size /= 2) {
        block = realloc(block, size);
        assert_non_null(block);
        assert_true(intact(block, 64 * KIB, 5));
        block[size - 1] = 1;
    }
    free(block);
}

static void null_is_malloc(void **state)
{
    (void)state;
    for (size_t size = 0; size < 300000; size = size * 2 + 1) {
        void *block = realloc(NULL, size);
        assert_non_null(block);
        fill(block, size, 1);
        free(block);
    }
}

static void zero_frees_and_returns_null(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 5000, 100000, 500000};
    struct mallinfo2 before = mallinfo2();
    (void)state;
    for (size_t repeat = 0; repeat < 200; repeat++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            errno = EXDEV;
            assert_null(realloc(malloc(sizes[i]), opaque_size(0)));
            assert_int_equal(errno, EXDEV);
        }
    }
    /* 200 * 600 KB that were not freed would show. */
    struct mallinfo2 after = mallinfo2();
    assert_true(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + 2 * MIB);
}

static void failure_leaves_the_block(void **state)
{
    static const size_t sizes[] = {1, 100, 5000, 100000, 500000};
    static const size_t impossible[] = {TOO_MUCH, SIZE_MAX, SIZE_MAX - 15, (size_t)1 << 47};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        void *block = malloc(sizes[i]);
        assert_non_null(block);
        fill(block, sizes[i], i);
        for (size_t j = 0; j < COUNT(impossible); j++) {
            errno = 0;
            assert_null(realloc(opaque(block), opaque_size(impossible[j])));
            assert_int_equal(errno, ENOMEM);
            assert_true(intact(block, sizes[i], i));
        }
        free(block);
    }
}

static void aligned_blocks_keep_their_contents(void **state)
{
    (void)state;
    for (size_t alignment = 32; alignment <= 256 * KIB; alignment *= 2) {
        for (size_t size = 1; size < 600000; size = size * 3 + 5) {
            void *block = memalign(alignment, size);
            assert_non_null(block);
            fill(block, size, alignment);
            size_t grown = size + size / 2 + 1;
            block = realloc(block, grown);
            assert_non_null(block);
            assert_true(intact(block, size, alignment));
            fill(block, grown, alignment);
            block = realloc(block, size / 2 + 1);
            assert_non_null(block);
            assert_true(intact(block, size / 2 + 1, alignment));
            free(block);
        }
    }
}

static void reallocarray_multiplies(void **state)
{
    (void)state;
    int *numbers = reallocarray(NULL, 10, sizeof *numbers);
    assert_non_null(numbers);
    fill(numbers, 10 * sizeof *numbers, 3);
    for (size_t count = 20; count < 100000; count *= 2) {
        numbers = reallocarray(numbers, count, sizeof *numbers);
        assert_non_null(numbers);
        assert_true(intact(numbers, 10 * sizeof *numbers, 3));
        numbers[count - 1] = 1;
    }
    assert_null(reallocarray(numbers, opaque_size(0), sizeof *numbers));
}

static void reallocarray_overflow_leaves_the_block(void **state)
{
    (void)state;
    void *block = malloc(100);
    assert_non_null(block);
    fill(block, 100, 9);
    errno = 0;
    assert_null(reallocarray(opaque(block), opaque_size(SIZE_MAX / 16 + 2), 16));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(reallocarray(opaque(block), opaque_size((size_t)1 << 32), (size_t)1 << 32));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(reallocarray(NULL, 2, opaque_size(SIZE_MAX)));
    assert_int_equal(errno, ENOMEM);
    assert_true(intact(block, 100, 9));
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents_survive_between_all_size_classes),
        cmocka_unit_test(contents_survive_around_the_large_threshold),
        cmocka_unit_test(contents_survive_among_large_blocks),
        cmocka_unit_test(a_block_grows_byte_by_byte),
        cmocka_unit_test(a_large_block_grows_by_doubling_and_shrinks),
        cmocka_unit_test(null_is_malloc),
        cmocka_unit_test(zero_frees_and_returns_null),
        cmocka_unit_test(failure_leaves_the_block),
        cmocka_unit_test(aligned_blocks_keep_their_contents),
        cmocka_unit_test(reallocarray_multiplies),
        cmocka_unit_test(reallocarray_overflow_leaves_the_block),
    };
    return cmocka_run_group_tests_name("realloc", tests, NULL, NULL);
}
