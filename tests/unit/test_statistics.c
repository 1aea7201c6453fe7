/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* mallinfo, mallinfo2, malloc_info, malloc_stats, mallopt, malloc_trim: real numbers, in glibc's forms. */
#include "unit.h"

/* Deprecated in favour of mallinfo2, and still what programs of ten years ago call. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

enum {
    BLOCKS = 1000
};

static void uordblks_follows_what_is_allocated(void **state)
{
    static void *blocks[BLOCKS];
    (void)state;
    struct mallinfo2 before = mallinfo2();
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(3000);
    struct mallinfo2 during = mallinfo2();
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    struct mallinfo2 after = mallinfo2();
    size_t grown = during.uordblks - before.uordblks;
    assert_in_range(grown, BLOCKS * 3000, BLOCKS * 3000 * 2);
    assert_true(after.uordblks < before.uordblks + BLOCKS * 3000 / 10);
    assert_true(during.arena >= during.uordblks);
    assert_true(during.arena >= during.uordblks + during.fordblks);
}

static void hblkhd_follows_large_blocks(void **state)
{
    static void *blocks[16];
    (void)state;
    struct mallinfo2 before = mallinfo2();
    for (size_t i = 0; i < COUNT(blocks); i++)
        blocks[i] = malloc(1 * MIB);
    struct mallinfo2 during = mallinfo2();
    for (size_t i = 0; i < COUNT(blocks); i++)
        free(blocks[i]);
    struct mallinfo2 after = mallinfo2();
    assert_int_equal(during.hblks - before.hblks, COUNT(blocks));
    assert_in_range(during.hblkhd - before.hblkhd, COUNT(blocks) * MIB, COUNT(blocks) * (MIB + 256 * KIB));
    /* As in glibc, they are counted once: not among the slots too. */
    assert_true(during.uordblks < before.uordblks + MIB);
    assert_int_equal(after.hblks, before.hblks);
    assert_int_equal(after.hblkhd, before.hblkhd);
}

static void mallinfo_agrees_with_mallinfo2(void **state)
{
    (void)state;
    void *block = malloc(100000);
    struct mallinfo2 wide = mallinfo2();
    struct mallinfo narrow = mallinfo();
    assert_int_equal((size_t)narrow.arena, wide.arena);
    assert_int_equal((size_t)narrow.uordblks, wide.uordblks);
    assert_int_equal((size_t)narrow.fordblks, wide.fordblks);
    assert_int_equal((size_t)narrow.hblks, wide.hblks);
    assert_int_equal((size_t)narrow.hblkhd, wide.hblkhd);
    free(block);
}

/* Tags closed in the order they were opened, attributes quoted, nothing left open: enough for this one
 * document. */
static bool well_formed(const char *xml)
{
    char open[32][32];
    size_t depth = 0;
    for (const char *tag = strchr(xml, '<'); tag != NULL; tag = strchr(tag + 1, '<')) {
        const char *end = strchr(tag, '>');
        bool closing = tag[1] == '/';
        const char *name = tag + 1 + closing;
        size_t length = strcspn(name, " />\n");
        if (end == NULL || length == 0 || length >= sizeof open[0])
            return false;
        size_t quotes = 0;
        for (const char *c = name; c < end; c++)
            quotes += *c == '"';
        if (quotes % 2 != 0)
            return false;
        if (closing) {
            if (depth == 0 || strncmp(open[depth - 1], name, length) != 0 || open[depth - 1][length] != '\0')
                return false;
            depth--;
        } else if (end[-1] != '/') {
            if (depth == COUNT(open))
                return false;
            memcpy(open[depth], name, length);
            open[depth][length] = '\0';
            depth++;
        }
    }
    return depth == 0;
}

static size_t number_after(const char *text, const char *where, const char *attribute)
{
    const char *place = strstr(text, where);
    /* The document's own totals follow those of its heaps, so the last one is meant. */
    for (const char *next = place; next != NULL; next = strstr(next + 1, where))
        place = next;
    place = place != NULL ? strstr(place, attribute) : NULL;
    return place != NULL ? strtoull(place + strlen(attribute), NULL, 10) : 0;
}

static void malloc_info_writes_the_xml_of_glibc(void **state)
{
    static char xml[1 << 20];
    void *small = malloc(50000);
    void *large = malloc(3 * MIB);
    FILE *stream = tmpfile();
    (void)state;
    assert_non_null(stream);
    assert_int_equal(malloc_info(0, stream), 0);
    rewind(stream);
    size_t length = fread(xml, 1, sizeof xml - 1, stream);
    fclose(stream);
    assert_true(length > 0);
    xml[length] = '\0';
    assert_true(strncmp(xml, "<malloc version=\"1\">", 20) == 0);
    assert_true(well_formed(xml));
    static const char *const parts[] = {
        "<heap nr=\"0\">",
        "<sizes>",
        "</sizes>",
        "<total type=\"fast\" count=\"",
        "<total type=\"rest\" count=\"",
        "<total type=\"mmap\" count=\"",
        "<system type=\"current\" size=\"",
        "<system type=\"max\" size=\"",
        "<aspace type=\"total\" size=\"",
        "<aspace type=\"mprotect\" size=\"",
        "</heap>",
        "</malloc>",
    };
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (strstr(xml, parts[i]) == NULL)
            fail_msg("malloc_info printed no %s", parts[i]);
    }
    assert_true(number_after(xml, "<total type=\"mmap\"", "count=\"") >= 1);
    assert_true(number_after(xml, "<total type=\"mmap\"", "size=\"") >= 3 * MIB);
    assert_true(number_after(xml, "<system type=\"current\"", "size=\"") >= 50000);
    free(small);
    free(large);
}

static void malloc_info_refuses_options(void **state)
{
    FILE *stream = tmpfile();
    (void)state;
    assert_non_null(stream);
    /* The manual says -1, glibc returns EINVAL. */
    assert_int_not_equal(malloc_info(1, stream), 0);
    assert_int_equal(ftell(stream), 0);
    fclose(stream);
}

static void malloc_stats_writes_numbers_to_stderr(void **state)
{
    static char text[65536];
    int pipe_ends[2];
    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
    malloc_stats();
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_ends[1]);
    ssize_t length = read(pipe_ends[0], text, sizeof text - 1);
    close(pipe_ends[0]);
    assert_true(length > 0);
    text[length] = '\0';
    assert_non_null(strstr(text, "system bytes"));
    assert_non_null(strstr(text, "in use bytes"));
}

static void mallopt_accepts_what_programs_set(void **state)
{
    (void)state;
    assert_int_equal(mallopt(M_MMAP_THRESHOLD, 1 << 20), 1);
    assert_int_equal(mallopt(M_TRIM_THRESHOLD, 1 << 20), 1);
    assert_int_equal(mallopt(M_TOP_PAD, 1 << 20), 1);
    assert_int_equal(mallopt(M_MMAP_MAX, 100), 1);
    assert_int_equal(mallopt(M_ARENA_MAX, 1), 1);
    assert_int_equal(mallopt(M_CHECK_ACTION, 3), 1);
    assert_int_equal(mallopt(M_PERTURB, 0), 1);
    assert_int_equal(mallopt(M_MXFAST, 64), 1);
    for (size_t size = 1; size < 2 * MIB; size *= 3) {
        void *block = malloc(size);
        assert_non_null(block);
        fill(block, size, 1);
        free(block);
    }
}

static void malloc_trim_gives_memory_back(void **state)
{
    static void *blocks[20000];
    (void)state;
    for (size_t i = 0; i < COUNT(blocks); i++) {
        blocks[i] = malloc(2000);
        assert_non_null(blocks[i]);
        fill(blocks[i], 2000, i);
    }
    for (size_t i = 0; i < COUNT(blocks); i += 2)
        free(blocks[i]);
    int result = malloc_trim(0);
    assert_true(result == 0 || result == 1);
    for (size_t i = 1; i < COUNT(blocks); i += 2) {
        assert_true(intact(blocks[i], 2000, i));
        free(blocks[i]);
    }
    malloc_trim(0);
    for (size_t i = 0; i < COUNT(blocks); i++) {
        blocks[i] = calloc(1, 2000);
        assert_non_null(blocks[i]);
        assert_true(all_zero(blocks[i], 2000));
    }
    for (size_t i = 0; i < COUNT(blocks); i++)
        free(blocks[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uordblks_follows_what_is_allocated),
        cmocka_unit_test(hblkhd_follows_large_blocks),
        cmocka_unit_test(mallinfo_agrees_with_mallinfo2),
        cmocka_unit_test(malloc_info_writes_the_xml_of_glibc),
        cmocka_unit_test(malloc_info_refuses_options),
        cmocka_unit_test(malloc_stats_writes_numbers_to_stderr),
        cmocka_unit_test(mallopt_accepts_what_programs_set),
        cmocka_unit_test(malloc_trim_gives_memory_back),
    };
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
