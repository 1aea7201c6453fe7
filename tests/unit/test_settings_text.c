/* links: config/settings.o config/format.o config/problem.o */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The configuration's lines and sections: how text is taken apart, and which part is for which program. */
#include "settings_reader.h"

/* --- lines ------------------------------------------------------------------------------------ */

static void blanks_do_not_matter(void **state)
{
    (void)state;
    assert_int_equal(clean("profile=strict", NULL).profile, PROFILE_STRICT);
    assert_int_equal(clean("\t profile \t=\t strict \t\n", NULL).profile, PROFILE_STRICT);
    assert_int_equal(clean("\v\fprofile = strict\v\f", NULL).profile, PROFILE_STRICT);
    assert_int_equal(clean("  [  program \t true  ]  \n  profile = strict", "/bin/true").profile,
                     PROFILE_STRICT);
}

static void comments_are_skipped(void **state)
{
    (void)state;
    const char *text = "# profile = off\n"
                       "; profile = off\n"
                       "   # profile = off\n"
                       "profile = strict # because\n"
                       "on-error = log\t; for now\n"
                       "[program true] # [program false]\n"
                       "journal = no ;\n";
    struct settings settings = clean(text, "/bin/true");
    assert_int_equal(settings.profile, PROFILE_STRICT);
    assert_int_equal(settings.on_error, ON_ERROR_LOG);
    assert_false(settings.journal);
}

static void a_comment_sign_inside_a_word_is_a_byte_like_any_other(void **state)
{
    (void)state;
    from_text("profile = strict#really", NULL);
    assert_int_equal(problem_count, 1);
    assert_problem(0, 1, "strict#really", "not a profile");
    assert_int_equal(clean("[program /opt/c#/run;1]\nprofile = off", "/opt/c#/run;1").profile, PROFILE_OFF);
}

static void line_ends_of_other_systems_are_understood(void **state)
{
    (void)state;
    struct settings settings =
        clean("profile = light\r\n\r\n[program true]\r\non-error = log\r\n", "/bin/true");
    assert_int_equal(settings.profile, PROFILE_LIGHT);
    assert_int_equal(settings.on_error, ON_ERROR_LOG);
    from_text("\r\n\r\nx\r\n", NULL);
    assert_problem(0, 3, "x", "key = value");
}

static void the_last_line_needs_no_newline(void **state)
{
    (void)state;
    assert_int_equal(clean("profile = strict\non-error = log", NULL).on_error, ON_ERROR_LOG);
    assert_int_equal(clean("[program true]\non-error = log", "/bin/true").on_error, ON_ERROR_LOG);
    assert_int_equal(from_text("on-error = log\nx", NULL).on_error, ON_ERROR_LOG);
    assert_problem(0, 2, "x", "key = value");
}

static void a_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    assert_int_equal(clean("\xef\xbb\xbfprofile = strict\n", NULL).profile, PROFILE_STRICT);
    assert_int_equal(clean("\xef\xbb\xbf[program true]\nprofile = off\n", "/bin/true").profile, PROFILE_OFF);
    assert_true(settings_file_has_programs("\xef\xbb\xbf[program true]", 17));
    from_text("profile = strict\n\xef\xbb\xbfprofile = off\n", NULL);
    assert_int_equal(problem_count, 1);
    from_text("\xef\xbb", NULL);
    assert_int_equal(problem_count, 1);
}

static void null_bytes_are_bytes_like_any_other(void **state)
{
    (void)state;
    static const char in_value[] = "profile = strict\0\nprofile = off\0on\non-error = log\n";
    struct settings settings = from_bytes(in_value, sizeof in_value - 1, NULL);
    assert_int_equal(problem_count, 2);
    assert_problem(1, 2, "off", "not a profile");
    assert_int_equal(settings.profile, PROFILE_DEFAULT);
    assert_int_equal(settings.on_error, ON_ERROR_LOG);

    static const char in_comment[] = "# \0\0\nprofile = strict # \0\n";
    assert_int_equal(from_bytes(in_comment, sizeof in_comment - 1, NULL).profile, PROFILE_STRICT);
    assert_int_equal(problem_count, 0);

    static const char in_header[] = "[program true\0]\nprofile = off\n";
    assert_int_equal(from_bytes(in_header, sizeof in_header - 1, "/bin/true").profile, PROFILE_DEFAULT);
    assert_int_equal(problem_count, 1);

    static const char only[4096];
    from_bytes(only, sizeof only, "/bin/true");
    assert_int_equal(problem_count, 1);
}

static void a_large_file_is_read_to_its_end(void **state)
{
    (void)state;
    static const char line[] = "# nothing to see in this line, nor in any of the many others like it\n";
    static const char end[] = "[program true]\nprofile = strict\nx\n";
    char *text = malloc(MIB + sizeof line + sizeof end);
    assert_non_null(text);
    size_t used = 0;
    unsigned lines = 0;
    for (; used < MIB; used += sizeof line - 1, lines++)
        memcpy(text + used, line, sizeof line - 1);
    memcpy(text + used, end, sizeof end - 1);
    used += sizeof end - 1;
    assert_int_equal(from_bytes(text, used, "/bin/true").profile, PROFILE_STRICT);
    assert_int_equal(problem_count, 1);
    assert_problem(0, lines + 3, "x", "key = value");
    assert_true(settings_file_has_programs(text, used));

    /* One line of a megabyte. */
    memset(text, 'x', used);
    from_bytes(text, used, "/bin/true");
    assert_int_equal(problem_count, 1);
    assert_int_equal(problems[0].line, 1);
    free(text);
}

/* --- sections --------------------------------------------------------------------------------- */

static void pieces_of_the_default_section_are_one(void **state)
{
    (void)state;
    const char *text = "canaries = no\n"
                       "[program true]\njournal = no\n"
                       "[default]\nprofile = strict\n"
                       "[program false]\non-error = log\n"
                       "[default]\nquarantine = no\n";
    struct settings settings = clean(text, "/bin/true");
    assert_int_equal(settings.profile, PROFILE_STRICT);
    assert_int_equal(settings.features,
                     STRICT & ~(unsigned)(COMPATMALLOC_CANARIES | COMPATMALLOC_QUARANTINE));
    assert_false(settings.journal);
    assert_int_equal(settings.on_error, ON_ERROR_ABORT);
}

static void program_sections_come_after_default_wherever_they_stand(void **state)
{
    (void)state;
    const char *text =
        "[program true]\nprofile = light\nquarantine = yes\n[default]\nprofile = strict\njournal = no\n";
    struct settings settings = clean(text, "/bin/true");
    assert_int_equal(settings.profile, PROFILE_LIGHT);
    assert_true(settings.features & COMPATMALLOC_QUARANTINE);
    assert_false(settings.features & COMPATMALLOC_POISON_ON_FREE);
    assert_false(settings.journal);
    assert_int_equal(clean(text, "/bin/false").profile, PROFILE_STRICT);
}

static void all_matching_sections_apply_in_file_order(void **state)
{
    (void)state;
    const char *text = "[program /bin/*]\nprofile = light\ncanaries = no\non-error = log\n"
                       "[program true]\nquarantine = yes\n"
                       "[program /bin/true]\nprofile = strict\nzero-on-free = no\n"
                       "[program /bin/t*]\nguard-pages = no\n"
                       "[program false]\nprofile = off\n";
    struct settings settings = clean(text, "/bin/true");
    assert_int_equal(settings.profile, PROFILE_STRICT);
    assert_int_equal(settings.features,
                     STRICT & ~(unsigned)(COMPATMALLOC_ZERO_ON_FREE | COMPATMALLOC_GUARD_PAGES));
    assert_int_equal(settings.on_error, ON_ERROR_LOG);
}

static void without_a_program_only_default_applies(void **state)
{
    (void)state;
    const char *text = "[program *]\nprofile = off\n[program /*]\nprofile = off\n[default]\njournal = no\n";
    assert_int_equal(clean(text, NULL).profile, PROFILE_DEFAULT);
    assert_false(clean(text, NULL).journal);
}

static void sections_of_other_programs_are_still_checked(void **state)
{
    (void)state;
    from_text("[program false]\nnonsense\nprofile = best\n", "/bin/true");
    assert_int_equal(problem_count, 2);
    assert_problem(0, 2, "nonsense", "key = value");
    assert_problem(1, 3, "best", "not a profile");
}

static void a_wrong_header_is_reported_and_its_lines_are_ignored(void **state)
{
    (void)state;
    static const struct {
        const char *header, *problem;
    } wrong[] = {
        {"[program true", "does not end in ]"},
        {"[default", "does not end in ]"},
        {"[", "does not end in ]"},
        {"[default] x", "does not end in ]"},
        {"[]", "no such section"},
        {"[ ]", "no such section"},
        {"[Default]", "no such section"},
        {"[defaults]", "no such section"},
        {"[programs true]", "no such section"},
        {"[programtrue]", "no such section"},
        {"[program]", "not a program"},
        {"[program ]", "not a program"},
        {"[program bin/true]", "not a program"},
        {"[program ./true]", "not a program"},
    };
    char text[200];
    for (size_t i = 0; i < COUNT(wrong); i++) {
        snprintf(text, sizeof text, "journal = no\n%s\nprofile = off\n[default]\non-error = log\n",
                 wrong[i].header);
        struct settings settings = from_text(text, "/bin/true");
        assert_int_equal(problem_count, 1);
        assert_problem(0, 2, wrong[i].header, wrong[i].problem);
        assert_int_equal(settings.profile, PROFILE_DEFAULT);
        assert_int_equal(settings.on_error, ON_ERROR_LOG);
        assert_false(settings.journal);
    }
}

static bool matches(const char *pattern, const char *program)
{
    char text[400];
    snprintf(text, sizeof text, "[program %s]\nprofile = off\n", pattern);
    assert_true(settings_file_has_programs(text, strlen(text)));
    return clean(text, program).profile == PROFILE_OFF;
}

static void patterns_match_paths(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *program;
        bool matches;
    } cases[] = {
        {"/usr/bin/true", "/usr/bin/true", true},
        {"/usr/bin/true", "/usr/bin/truer", false},
        {"/usr/bin/true", "/usr/bin/tru", false},
        {"/usr/bin/true", "/opt/usr/bin/true", false},
        {"/usr/bin/my program", "/usr/bin/my program", true},
        {"true", "/usr/bin/true", true},
        {"true", "/true", true},
        {"true", "/usr/bin/untrue", false},
        {"true", "/usr/true/x", false},
        {"python3*", "/usr/bin/python3.11", true},
        {"python3*", "/usr/python3/x", false},
        {"/usr/bin/*", "/usr/bin/true", true},
        {"/usr/bin/*", "/usr/bin/a/true", false},
        {"/usr/bin/*", "/usr/bin/", true},
        {"/usr/*/true", "/usr/bin/true", true},
        {"/usr/*/true", "/usr/bin/x/true", false},
        {"/usr/*true", "/usr/true", true},
        {"/*/*/*", "/usr/bin/true", true},
        {"/*/*", "/usr/bin/true", false},
        {"/usr/bin/python?.??", "/usr/bin/python3.11", true},
        {"/usr/bin/python?.??", "/usr/bin/python3.9", false},
        {"/usr?bin/true", "/usr/bin/true", false},
        {"/usr/bin/[tf]*", "/usr/bin/true", true},
        {"/usr/bin/[tf]*", "/usr/bin/false", true},
        {"/usr/bin/[tf]*", "/usr/bin/rm", false},
        {"/usr/bin/[a-f]*", "/usr/bin/false", true},
        {"/usr/bin/[a-f]*", "/usr/bin/true", false},
        {"/usr/bin/[!a-f]*", "/usr/bin/true", true},
        {"/usr/bin/[^a-f]*", "/usr/bin/false", false},
        {"/usr/bin/x[]-]", "/usr/bin/x]", true},
        {"/usr/bin/x[]-]", "/usr/bin/x-", true},
        {"/usr/bin/x[]-]", "/usr/bin/xa", false},
        {"/usr/bin/x[!]]", "/usr/bin/x]", false},
        {"/usr/bin/x[!]]", "/usr/bin/xy", true},
        {"/usr[!a]bin", "/usr/bin", false},
        {"/usr[.-0]bin", "/usr/bin", false},
        {"/usr/bin/[", "/usr/bin/[", true},
        {"/usr/bin/[!", "/usr/bin/[!", true},
        {"/usr/bin/[a", "/usr/bin/a", false},
        {"/usr/bin/[[]", "/usr/bin/[", true},
        {"/a*b*c", "/aXbXbXc", true},
        {"/a*b*c", "/aXbXbX", false},
        {"/a**c", "/abc", true},
        {"/a*", "/a", true},
        {"/*a*a*a*a*a*b", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"/\xff[\xc0-\xff]", "/\xff\xd0", true},
        {"/usr/bin/true", "/usr/bin/true (deleted)", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (matches(cases[i].pattern, cases[i].program) != cases[i].matches)
            fail_msg("[program %s] should %smatch %s", cases[i].pattern, cases[i].matches ? "" : "not ",
                     cases[i].program);
    }
}

static void programs_are_noticed_only_where_there_are_any(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has_programs;
    } cases[] = {
        {"", false},
        {"[default]\nprofile = off\n", false},
        {"# [program true]\n", false},
        {"profile = off # [program true]\n", false},
        {"[programs true]\n", false},
        {"[program true\n", false},
        {"[program]\n", false},
        {"profile = strict\n [program /bin/*] # x", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(settings_file_has_programs(cases[i].text, strlen(cases[i].text)),
                         cases[i].has_programs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_do_not_matter),
        cmocka_unit_test(comments_are_skipped),
        cmocka_unit_test(a_comment_sign_inside_a_word_is_a_byte_like_any_other),
        cmocka_unit_test(line_ends_of_other_systems_are_understood),
        cmocka_unit_test(the_last_line_needs_no_newline),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(null_bytes_are_bytes_like_any_other),
        cmocka_unit_test(a_large_file_is_read_to_its_end),
        cmocka_unit_test(pieces_of_the_default_section_are_one),
        cmocka_unit_test(program_sections_come_after_default_wherever_they_stand),
        cmocka_unit_test(all_matching_sections_apply_in_file_order),
        cmocka_unit_test(without_a_program_only_default_applies),
        cmocka_unit_test(sections_of_other_programs_are_still_checked),
        cmocka_unit_test(a_wrong_header_is_reported_and_its_lines_are_ignored),
        cmocka_unit_test(patterns_match_paths),
        cmocka_unit_test(programs_are_noticed_only_where_there_are_any),
    };
    return cmocka_run_group_tests_name("settings-text", tests, NULL, NULL);
}
