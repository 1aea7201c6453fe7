/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* posix_memalign, aligned_alloc, memalign, valloc and pvalloc: alignment, and each one's own way to refuse.
 */
#include "unit.h"

static const size_t sizes[] = {0,    1,    15,    16,     17,     100,    1000,   4095,
                               4096, 4097, 30000, 100000, 131072, 200000, 1000000};

static void memalign_serves_every_power_of_two(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= 2 * MIB; alignment *= 2) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            void *block = memalign(alignment, sizes[i]);
            if (block == NULL || !aligned(block, alignment) || !aligned(block, MINIMUM_ALIGNMENT))
                fail_msg("memalign(%zu, %zu) returned %p", alignment, sizes[i], block);
            fill(block, sizes[i], alignment);
            assert_true(intact(block, sizes[i], alignment));
            free(block);
        }
    }
}

static void many_aligned_blocks_do_not_overlap(void **state)
{
    enum {
        BLOCKS = 3000
    };
    static void *blocks[BLOCKS];
    static size_t lengths[BLOCKS];
    uint64_t random = 42;
    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t alignment = (size_t)16 << next_random(&random) % 10;
        lengths[i] = next_random(&random) % 5000;
        assert_int_equal(posix_memalign(&blocks[i], alignment, lengths[i]), 0);
        assert_true(aligned(blocks[i], alignment));
        fill(blocks[i], lengths[i], i);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        assert_true(intact(blocks[i], lengths[i], i));
        free(blocks[i]);
    }
}

static void posix_memalign_serves_every_power_of_two(void **state)
{
    (void)state;
    for (size_t alignment = sizeof(void *); alignment <= 2 * MIB; alignment *= 2) {
        void *block = NULL;
        errno = EXDEV;
        assert_int_equal(posix_memalign(&block, alignment, 100), 0);
        assert_int_equal(errno, EXDEV);
        assert_non_null(block);
        assert_true(aligned(block, alignment));
        fill(block, 100, 1);
        free(block);
    }
}

static void posix_memalign_refuses_bad_alignments(void **state)
{
    static const size_t bad[] = {0,           1, 2, 4, 7, 9, 12, 24, 48, 100, 4097, SIZE_MAX, SIZE_MAX / 2,
                                 SIZE_MAX - 7};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        void *untouched = &untouched;
        assert_int_equal(posix_memalign(&untouched, opaque_size(bad[i]), 100), EINVAL);
        assert_ptr_equal(untouched, &untouched);
    }
}

static void posix_memalign_returns_enomem(void **state)
{
    static const size_t too_big[] = {TOO_MUCH, SIZE_MAX, SIZE_MAX - 4096, (size_t)1 << 47};
    (void)state;
    for (size_t i = 0; i < COUNT(too_big); i++) {
        void *untouched = &untouched;
        assert_int_equal(posix_memalign(&untouched, 64, opaque_size(too_big[i])), ENOMEM);
        assert_ptr_equal(untouched, &untouched);
        assert_int_equal(posix_memalign(&untouched, 1 * MIB, opaque_size(too_big[i])), ENOMEM);
        assert_ptr_equal(untouched, &untouched);
    }
}

static void posix_memalign_of_zero_bytes_can_be_freed(void **state)
{
    (void)state;
    for (size_t alignment = sizeof(void *); alignment <= 2 * MIB; alignment *= 2) {
        void *block = NULL;
        assert_int_equal(posix_memalign(&block, alignment, 0), 0);
        assert_true(aligned(block, alignment));
        free(block);
    }
}

static void aligned_alloc_serves_every_power_of_two(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= 2 * MIB; alignment *= 2) {
        void *block = aligned_alloc(alignment, 3 * alignment);
        assert_non_null(block);
        assert_true(aligned(block, alignment));
        fill(block, 3 * alignment, 2);
        free(block);
        /* C17 dropped the demand that the size be a multiple. */
        block = aligned_alloc(alignment, alignment + 1);
        assert_non_null(block);
        assert_true(aligned(block, alignment));
        free(block);
    }
}

/* As glibc has it for memalign: round up to the next power of two. */
static void memalign_rounds_other_alignments_up(void **state)
{
    static const struct {
        size_t asked, given;
    } alignments[] = {{0, 16},  {3, 16},    {17, 32},     {24, 32},
                      {48, 64}, {100, 128}, {4097, 8192}, {70000, 131072}};
    (void)state;
    for (size_t i = 0; i < COUNT(alignments); i++) {
        void *block = memalign(opaque_size(alignments[i].asked), 1000);
        assert_non_null(block);
        assert_true(aligned(block, alignments[i].given));
        free(block);
    }
}

/* As C23 has it, and glibc from 2.38: an alignment that is not supported is an error. */
static void aligned_alloc_refuses_other_alignments(void **state)
{
    static const size_t bad[] = {0, 3, 12, 17, 24, 48, 100, 4097, 70000};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        errno = 0;
        assert_null(aligned_alloc(opaque_size(bad[i]), 1000));
        assert_int_equal(errno, EINVAL);
    }
}

static void alignments_beyond_all_are_einval(void **state)
{
    (void)state;
    errno = 0;
    assert_null(memalign(opaque_size(SIZE_MAX / 2 + 2), 100));
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_null(aligned_alloc(opaque_size(SIZE_MAX), 100));
    assert_int_equal(errno, EINVAL);
}

static void too_much_is_enomem(void **state)
{
    static const size_t too_big[] = {TOO_MUCH, SIZE_MAX, SIZE_MAX - 16, SIZE_MAX - 4096};
    (void)state;
    for (size_t i = 0; i < COUNT(too_big); i++) {
        size_t size = opaque_size(too_big[i]);
        errno = 0;
        assert_null(memalign(64, size));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(aligned_alloc(4096, size));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(valloc(size));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(pvalloc(size));
        assert_int_equal(errno, ENOMEM);
    }
    /* POSIX leaves it open what posix_memalign does to errno; glibc's own tests look there. */
    void *block = NULL;
    errno = 0;
    assert_int_equal(posix_memalign(&block, 64, opaque_size(SIZE_MAX / 2)), ENOMEM);
    assert_int_equal(errno, ENOMEM);
    assert_null(block);
    /* A power of two is a valid alignment, however large. */
    errno = 0;
    assert_null(memalign(opaque_size(SIZE_MAX / 2 + 1), 1));
    assert_int_equal(errno, ENOMEM);
    /* Both possible alone; their sum is not. */
    errno = 0;
    assert_null(memalign(opaque_size((size_t)1 << 62), opaque_size((size_t)1 << 62)));
    assert_int_equal(errno, ENOMEM);
}

static void valloc_and_pvalloc_are_page_aligned(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        void *block = valloc(sizes[i]);
        assert_non_null(block);
        assert_true(aligned(block, page));
        fill(block, sizes[i], 4);
        free(block);
        /* pvalloc rounds the size up to whole pages, and all of them may be used. */
        size_t whole = (sizes[i] + page - 1) / page * page;
        block = pvalloc(sizes[i]);
        assert_non_null(block);
        assert_true(aligned(block, page));
        fill(block, whole, 4);
        assert_true(intact(block, whole, 4));
        free(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memalign_serves_every_power_of_two),
        cmocka_unit_test(many_aligned_blocks_do_not_overlap),
        cmocka_unit_test(posix_memalign_serves_every_power_of_two),
        cmocka_unit_test(posix_memalign_refuses_bad_alignments),
        cmocka_unit_test(posix_memalign_returns_enomem),
        cmocka_unit_test(posix_memalign_of_zero_bytes_can_be_freed),
        cmocka_unit_test(aligned_alloc_serves_every_power_of_two),
        cmocka_unit_test(memalign_rounds_other_alignments_up),
        cmocka_unit_test(aligned_alloc_refuses_other_alignments),
        cmocka_unit_test(alignments_beyond_all_are_einval),
        cmocka_unit_test(too_much_is_enomem),
        cmocka_unit_test(valloc_and_pvalloc_are_page_aligned),
    };
    return cmocka_run_group_tests_name("aligned", tests, NULL, NULL);
}
