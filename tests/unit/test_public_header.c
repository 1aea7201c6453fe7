/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* compatmalloc.h: what a program can ask of the library beyond the standard interface. */
#include "unit.h"

#include "compatmalloc.h"

#pragma weak compatmalloc_version
#pragma weak compatmalloc_features
#pragma weak compatmalloc_features_string
#pragma weak compatmalloc_check_integrity
#pragma weak compatmalloc_statistics_get

static void the_library_is_there(void **state)
{
    (void)state;
    assert_non_null(compatmalloc_version);
    assert_non_null(compatmalloc_features);
    assert_non_null(compatmalloc_features_string);
    assert_non_null(compatmalloc_check_integrity);
    assert_non_null(compatmalloc_statistics_get);
}

static void version_is_that_of_the_header(void **state)
{
    char expected[64];
    (void)state;
    snprintf(expected, sizeof expected, "%d.%d.%d", COMPATMALLOC_VERSION_MAJOR, COMPATMALLOC_VERSION_MINOR,
             COMPATMALLOC_VERSION_PATCH);
    assert_string_equal(compatmalloc_version(), expected);
    assert_string_equal(COMPATMALLOC_VERSION_STRING, expected);
}

static void features_and_their_names_agree(void **state)
{
    static const char *const names[] = {"quarantine",  "guard-pages",    "slot-randomization",
                                        "canaries",    "poison-on-free", "write-after-free-check",
                                        "zero-on-free"};
    unsigned features = compatmalloc_features();
    char expected[256] = "";
    (void)state;
    assert_int_equal(features >> COUNT(names), 0);
    for (size_t bit = 0; bit < COUNT(names); bit++) {
        if ((features >> bit & 1) == 0)
            continue;
        if (expected[0] != '\0')
            strcat(expected, " ");
        strcat(expected, names[bit]);
    }
    assert_string_equal(compatmalloc_features_string(), expected);
}

static void statistics_count_small_and_large_blocks(void **state)
{
    enum {
        BLOCKS = 500
    };
    static void *blocks[BLOCKS];
    struct compatmalloc_statistics before, during, after;
    (void)state;
    assert_int_equal(compatmalloc_statistics_get(&before, sizeof before), 0);
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(1000);
    void *large = malloc(2 * MIB);
    assert_int_equal(compatmalloc_statistics_get(&during, sizeof during), 0);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    free(large);
    assert_int_equal(compatmalloc_statistics_get(&after, sizeof after), 0);

    assert_int_equal(during.struct_size, sizeof during);
    assert_int_equal(during.live_blocks - before.live_blocks, BLOCKS + 1);
    /* Without canaries the library need not know the requested size of a small block, only its slot's. */
    if ((compatmalloc_features() & COMPATMALLOC_CANARIES) != 0)
        assert_int_equal(during.live_bytes - before.live_bytes, (size_t)BLOCKS * 1000 + 2 * MIB);
    assert_true(during.live_bytes - before.live_bytes >= (size_t)BLOCKS * 1000 + 2 * MIB);
    assert_int_equal(during.large_blocks - before.large_blocks, 1);
    assert_int_equal(during.large_bytes - before.large_bytes, 2 * MIB);
    assert_true(during.live_slot_bytes >= during.live_bytes);
    assert_true(during.mapped_bytes >= during.live_slot_bytes);
    assert_true(during.metadata_bytes > 0);
    assert_true(during.heaps >= 1);
    assert_int_equal(during.reports, 0);

    assert_int_equal(after.live_blocks, before.live_blocks);
    assert_int_equal(after.live_bytes, before.live_bytes);
    assert_int_equal(after.large_blocks, before.large_blocks);
    assert_true(after.free_bytes > before.free_bytes);
}

static void statistics_respect_the_callers_size(void **state)
{
    struct compatmalloc_statistics statistics;
    (void)state;
    memset(&statistics, 0x5a, sizeof statistics);
    assert_int_equal(compatmalloc_statistics_get(&statistics, 2 * sizeof(size_t)), 0);
    assert_int_equal(statistics.struct_size, sizeof statistics);
    assert_true(statistics.live_blocks > 0);
    assert_true(statistics.live_blocks < 1000000);
    const unsigned char *rest = (const unsigned char *)&statistics + 2 * sizeof(size_t);
    for (size_t i = 0; i < sizeof statistics - 2 * sizeof(size_t); i++)
        assert_int_equal(rest[i], 0x5a);
}

static void statistics_from_a_newer_program_are_served(void **state)
{
    unsigned char room[sizeof(struct compatmalloc_statistics) + 64];
    (void)state;
    assert_int_equal(compatmalloc_statistics_get((void *)room, sizeof room), 0);
}

static void statistics_refuse_nonsense(void **state)
{
    struct compatmalloc_statistics statistics;
    (void)state;
    errno = 0;
    assert_int_equal(compatmalloc_statistics_get(NULL, sizeof statistics), -1);
    assert_int_equal(errno, EINVAL);
    for (size_t size = 0; size < sizeof(size_t); size++) {
        errno = 0;
        assert_int_equal(compatmalloc_statistics_get(&statistics, size), -1);
        assert_int_equal(errno, EINVAL);
    }
}

static void a_sound_heap_passes_the_check(void **state)
{
    static void *blocks[3000];
    uint64_t random = 7;
    (void)state;
    for (size_t i = 0; i < COUNT(blocks); i++) {
        size_t size = next_random(&random) % (i % 50 == 0 ? 300000 : 2000);
        blocks[i] = malloc(size);
        assert_non_null(blocks[i]);
        fill(blocks[i], size, i);
    }
    for (size_t i = 0; i < COUNT(blocks); i += 3) {
        free(blocks[i]);
        blocks[i] = NULL;
    }
    assert_int_equal(compatmalloc_check_integrity(), 0);
    for (size_t i = 0; i < COUNT(blocks); i++)
        free(blocks[i]);
    assert_int_equal(compatmalloc_check_integrity(), 0);
}

static void damage_a_live_block_and_check(void *size)
{
    size_t length = *(const size_t *)size;
    char *block = opaque(malloc(length));
    block[length] ^= 0x55;
    compatmalloc_check_integrity();
}

static void damage_a_freed_block_and_check(void *size)
{
    size_t length = *(const size_t *)size;
    char *block = opaque(malloc(length));
    free(block);
    block = opaque(block);
    block[length / 2] ^= 0x55;
    compatmalloc_check_integrity();
}

static void the_check_finds_damage(void **state)
{
    static const size_t sizes[] = {1, 24, 100, 1000, 5000, 60000};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t size = sizes[i];
        if ((compatmalloc_features() & COMPATMALLOC_CANARIES) != 0)
            assert_dies_by(SIGABRT, damage_a_live_block_and_check, &size);
        if ((compatmalloc_features() & COMPATMALLOC_WRITE_AFTER_FREE_CHECK) != 0)
            assert_dies_by(SIGABRT, damage_a_freed_block_and_check, &size);
    }
}

static volatile bool stop_working;

static size_t work_until_stopped(size_t number)
{
    size_t failures = 0;
    uint64_t random = number + 1;
    while (!stop_working) {
        if (number == 0) {
            for (size_t i = 0; i < 50; i++)
                failures += compatmalloc_check_integrity();
            stop_working = true;
            break;
        }
        size_t size = next_random(&random) % 3000;
        void *block = malloc(size);
        if (block == NULL) {
            failures++;
            continue;
        }
        memset(block, 1, size);
        free(block);
    }
    return failures;
}

static void the_check_is_safe_while_threads_work(void **state)
{
    (void)state;
    assert_int_equal(failures_on_threads(4, work_until_stopped), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_is_there),
        cmocka_unit_test(version_is_that_of_the_header),
        cmocka_unit_test(features_and_their_names_agree),
        cmocka_unit_test(statistics_count_small_and_large_blocks),
        cmocka_unit_test(statistics_respect_the_callers_size),
        cmocka_unit_test(statistics_from_a_newer_program_are_served),
        cmocka_unit_test(statistics_refuse_nonsense),
        cmocka_unit_test(a_sound_heap_passes_the_check),
        cmocka_unit_test(the_check_finds_damage),
        cmocka_unit_test(the_check_is_safe_while_threads_work),
    };
    return cmocka_run_group_tests_name("public header", tests, NULL, NULL);
}
