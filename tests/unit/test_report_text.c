/* links: malloc/report.o malloc/report_limit.o malloc/sites.o malloc/report_text.o malloc/report_output.o
 * malloc/report_origin.o malloc/confined.o malloc/executable.o malloc/map.o config/format.o
 */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reports in words: every kind's sentence, and the details. */
#include "report_child.h"

#include "compatmalloc.h"
#include "report_text.h"

static const char *lines_of(const struct report *r)
{
    static char buffer[4097];
    struct report_circumstances circumstances = {.report = r, .pid = 12, .tid = 34};
    struct text text = {buffer, sizeof buffer - 1, 0};
    report_put_lines(&text, &circumstances);
    buffer[text.used] = '\0';
    return buffer;
}

static void assert_first_line(const struct report *r, const char *expected)
{
    char first[500];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(lines_of(r), "\n"), lines_of(r));
    assert_string_equal(first, expected);
}

static void each_kind_has_the_name_that_sanitizers_use(void **state)
{
    (void)state;
    static const char *const names[] = {
        "heap-buffer-overflow", "heap-buffer-underflow",    "double-free",         "bad-free",
        "write-after-free",     "new-delete-type-mismatch", "metadata-corruption", "out-of-memory",
        "heap-use-after-free"};
    assert_int_equal(COUNT(names), REPORT_KINDS);
    for (int kind = 0; kind < REPORT_KINDS; kind++)
        assert_string_equal(report_kind_name((enum report_kind)kind), names[kind]);
}

static void overflows_say_how_many_bytes_and_where(void **state)
{
    (void)state;
    struct report r = overflow();
    assert_first_line(
        &r, "compatmalloc: heap-buffer-overflow: 3 bytes written past the end of a 24-byte block at "
            "0x7f0000001000 (found by free)");
    r.byte_count = 1;
    r.offset = 5;
    r.requested_size = 8;
    r.operation = "realloc";
    assert_first_line(
        &r, "compatmalloc: heap-buffer-overflow: 1 byte written 5 bytes past the end of an 8-byte block "
            "at 0x7f0000001000 (found by realloc)");
    r.offset = 1;
    r.byte_count = 0;
    r.requested_size = REPORT_UNKNOWN;
    assert_first_line(
        &r, "compatmalloc: heap-buffer-overflow: something written 1 byte past the end of a block at "
            "0x7f0000001000 (found by realloc)");
}

static void every_kind_has_its_sentence(void **state)
{
    (void)state;
    struct report r = example(REPORT_HEAP_BUFFER_UNDERFLOW);
    r.offset = 16;
    r.byte_count = 16;
    assert_first_line(
        &r, "compatmalloc: heap-buffer-underflow: 16 bytes written 16 bytes before the start of a 24-byte "
            "block at 0x7f0000001000 (found by free)");

    r = example(REPORT_DOUBLE_FREE);
    r.requested_size = REPORT_UNKNOWN;
    assert_first_line(
        &r, "compatmalloc: double-free: a block at 0x7f0000001000 was freed already (found by free)");

    r = example(REPORT_BAD_FREE);
    r.detail = "not the start of a block";
    assert_first_line(
        &r, "compatmalloc: bad-free: 0x7f0000001000 is not a block that can be freed: not the start of a "
            "block (found by free)");

    r = example(REPORT_WRITE_AFTER_FREE);
    r.requested_size = REPORT_UNKNOWN;
    r.offset = 16;
    r.byte_count = 2;
    r.operation = "malloc";
    assert_first_line(
        &r, "compatmalloc: write-after-free: 2 bytes written 16 bytes into a block at 0x7f0000001000 "
            "after it was freed (found by malloc)");
    r.offset = 0;
    assert_first_line(
        &r, "compatmalloc: write-after-free: 2 bytes written into a block at 0x7f0000001000 after it was "
            "freed (found by malloc)");

    r = example(REPORT_NEW_DELETE_TYPE_MISMATCH);
    r.offset = 32;
    assert_first_line(
        &r, "compatmalloc: new-delete-type-mismatch: a 24-byte block at 0x7f0000001000 was freed as one "
            "of 32 bytes (found by free)");

    r = example(REPORT_METADATA_CORRUPTION);
    r.requested_size = REPORT_UNKNOWN;
    assert_first_line(
        &r, "compatmalloc: metadata-corruption: the allocator's own record of a block at 0x7f0000001000 "
            "was changed (found by free)");

    r = example(REPORT_OUT_OF_MEMORY);
    r.operation = "malloc";
    r.requested_size = 4096;
    assert_first_line(
        &r, "compatmalloc: out-of-memory: 4096 bytes could not be had from the system (found by malloc)");
}

static void numbers_get_their_article(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *phrase;
    } cases[] = {
        {0, "of a 0-byte"},
        {1, "of a 1-byte"},
        {7, "of a 7-byte"},
        {8, "of an 8-byte"},
        {11, "of an 11-byte"},
        {18, "of an 18-byte"},
        {80, "of an 80-byte"},
        {108, "of a 108-byte"},
        {180, "of a 180-byte"},
        {800, "of an 800-byte"},
        {1800, "of a 1800-byte"},
        {8192, "of an 8192-byte"},
        {11000, "of an 11000-byte"},
        {90000, "of a 90000-byte"},
        {SIZE_MAX - 1, "of an 18446744073709551614-byte"},
    };
    struct report r = overflow();
    for (size_t i = 0; i < COUNT(cases); i++) {
        r.requested_size = cases[i].size;
        assert_non_null(strstr(lines_of(&r), cases[i].phrase));
    }
}

static void details_follow_line_by_line(void **state)
{
    (void)state;
    struct report r = overflow();
    r.offset = 2;
    const char *expected =
        "compatmalloc: heap-buffer-overflow: 3 bytes written 2 bytes past the end of a 24-byte block "
        "at 0x7f0000001000 (found by free)\n"
        "compatmalloc:   requested size: 24 bytes\n"
        "compatmalloc:   slot size: 32 bytes\n"
        "compatmalloc:   offset: 2 bytes past the end\n"
        "compatmalloc:   damaged bytes: 41 42 43\n"
        "compatmalloc:   process: 12, thread 34\n"
        "compatmalloc:   version: " COMPATMALLOC_VERSION_STRING
        "; compatmalloc(7) says what this means and what to do\n";
    assert_string_equal(lines_of(&r), expected);
}

static void what_is_not_known_is_not_mentioned(void **state)
{
    (void)state;
    struct report r = {.kind = REPORT_BAD_FREE,
                       .address = (void *)0x10,
                       .requested_size = REPORT_UNKNOWN,
                       .slot_size = REPORT_UNKNOWN,
                       .offset = REPORT_UNKNOWN};
    const char *expected = "compatmalloc: bad-free: 0x10 is not a block that can be freed\n"
                           "compatmalloc:   process: 12, thread 34\n"
                           "compatmalloc:   version: ";
    assert_memory_equal(lines_of(&r), expected, strlen(expected));
}

static void only_the_first_damaged_bytes_are_shown(void **state)
{
    (void)state;
    struct report r = overflow();
    r.byte_count = 16;
    assert_non_null(strstr(lines_of(&r), "damaged bytes: 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50\n"));
    r.byte_count = 17;
    assert_non_null(
        strstr(lines_of(&r), "damaged bytes: 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50 ...\n"));
}

static void text_that_does_not_fit_is_cut(void **state)
{
    (void)state;
    struct report r = overflow();
    char whole[4097], buffer[4097];
    snprintf(whole, sizeof whole, "%s", lines_of(&r));
    struct report_circumstances circumstances = {.report = &r, .pid = 12, .tid = 34};
    for (size_t size = 0; size < strlen(whole); size++) {
        memset(buffer, '!', sizeof buffer);
        struct text text = {buffer, size, 0};
        report_put_lines(&text, &circumstances);
        assert_int_equal(text.used, size);
        assert_memory_equal(buffer, whole, size);
        assert_int_equal(buffer[size], '!');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_the_name_that_sanitizers_use),
        cmocka_unit_test(overflows_say_how_many_bytes_and_where),
        cmocka_unit_test(every_kind_has_its_sentence),
        cmocka_unit_test(numbers_get_their_article),
        cmocka_unit_test(details_follow_line_by_line),
        cmocka_unit_test(what_is_not_known_is_not_mentioned),
        cmocka_unit_test(only_the_first_damaged_bytes_are_shown),
        cmocka_unit_test(text_that_does_not_fit_is_cut),
    };
    return cmocka_run_group_tests_name("report_text", tests, NULL, NULL);
}
