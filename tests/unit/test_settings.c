/* links: config/settings.o config/format.o config/problem.o */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The configuration: what text becomes which settings, and what is said about text that cannot be understood.
 */
#include "unit.h"

#include "compatmalloc.h"
#include "feature_set.h"
#include "problem.h"
#include "settings.h"

#define ALL    (0x7fu | CHECK_NEW_DELETE)
#define STRICT (ALL | CHECK_NEIGHBOURS | CHECK_COPIES | PROTECT_FREED | GUARD_SAMPLES | RECORD_CALLERS)

/* --- helpers ---------------------------------------------------------------------------------- */

struct noted {
    unsigned line;
    char text[200];
    char problem[200];
};

static struct noted problems[64];
static size_t problem_count;

static void note(void *context, const struct settings_problem *problem)
{
    assert_ptr_equal(context, problems);
    assert_true(problem_count < COUNT(problems));
    struct noted *noted = &problems[problem_count++];
    noted->line = problem->line;
    snprintf(noted->text, sizeof noted->text, "%.*s", (int)problem->text_length, problem->text);
    snprintf(noted->problem, sizeof noted->problem, "%s", problem->problem);
}

/* Apply a file of that many bytes to the default settings, for a program. */
static struct settings from_bytes(const char *bytes, size_t length, const char *program)
{
    /* A copy that ends where the text ends: reading on is seen by valgrind and the address sanitizer. */
    char *exact = malloc(length + (length == 0));
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    struct settings settings;
    problem_count = 0;
    settings_from_profile(&settings, PROFILE_DEFAULT);
    errno = ENOTTY;
    settings_apply_file(&settings, exact, length, program, note, problems);
    assert_int_equal(errno, ENOTTY);
    free(exact);
    return settings;
}

static struct settings from_text(const char *text, const char *program)
{
    return from_bytes(text, strlen(text), program);
}

static struct settings clean(const char *text, const char *program)
{
    struct settings settings = from_text(text, program);
    assert_int_equal(problem_count, 0);
    return settings;
}

static struct settings with_options(const char *options)
{
    struct settings settings;
    problem_count = 0;
    settings_from_profile(&settings, PROFILE_DEFAULT);
    settings_apply_options(&settings, options, strlen(options), note, problems);
    return settings;
}

static void assert_problem(size_t index, unsigned line, const char *text, const char *part_of_problem)
{
    assert_true(index < problem_count);
    assert_int_equal(problems[index].line, line);
    assert_string_equal(problems[index].text, text);
    assert_non_null(strstr(problems[index].problem, part_of_problem));
}

/* --- profiles --------------------------------------------------------------------------------- */

static void profiles_choose_features(void **state)
{
    (void)state;
    const unsigned not_in_light =
        COMPATMALLOC_QUARANTINE | COMPATMALLOC_POISON_ON_FREE | COMPATMALLOC_WRITE_AFTER_FREE_CHECK;
    const struct {
        enum profile profile;
        unsigned features;
        enum exit_check check_at_exit;
    } expected[] = {{PROFILE_DEFAULT, ALL, EXIT_CHECK_QUICK},
                    {PROFILE_STRICT, STRICT, EXIT_CHECK_FULL},
                    {PROFILE_LIGHT, ALL & ~not_in_light, EXIT_CHECK_QUICK},
                    {PROFILE_OFF, 0, EXIT_CHECK_NO}};
    for (size_t i = 0; i < COUNT(expected); i++) {
        struct settings settings;
        memset(&settings, 0xff, sizeof settings);
        settings_from_profile(&settings, expected[i].profile);
        assert_int_equal(settings.profile, expected[i].profile);
        assert_int_equal(settings.features, expected[i].features);
        assert_int_equal(settings.check_at_exit, expected[i].check_at_exit);
        assert_int_equal(settings.on_error, ON_ERROR_ABORT);
        assert_int_equal(settings.quarantine_size, 0);
        assert_true(settings.allow_environment);
        assert_true(settings.journal);
        assert_false(settings.explain_faults);
        assert_true(settings.memory_tags);
    }
}

static void nothing_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",          "\n",        "\n\n\n",    "   \t ",
                                        "# comment", "; comment", "[default]", "\xef\xbb\xbf"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct settings settings = clean(texts[i], "/bin/true");
        assert_int_equal(settings.profile, PROFILE_DEFAULT);
        assert_int_equal(settings.features, ALL);
    }
}

static void profile_sets_everything_it_decides(void **state)
{
    (void)state;
    assert_int_equal(clean("profile = off", NULL).features, 0);
    assert_int_equal(clean("profile = off", NULL).profile, PROFILE_OFF);
    assert_int_equal(clean("profile = strict", NULL).profile, PROFILE_STRICT);
    assert_int_equal(clean("profile = light", NULL).features,
                     COMPATMALLOC_GUARD_PAGES | COMPATMALLOC_SLOT_RANDOMIZATION | COMPATMALLOC_CANARIES |
                         COMPATMALLOC_ZERO_ON_FREE | CHECK_NEW_DELETE);
}

static void checks_are_switches_of_their_own(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned check;
    } checks[] = {{"check-neighbours", CHECK_NEIGHBOURS},
                  {"check-copies", CHECK_COPIES},
                  {"check-new-delete", CHECK_NEW_DELETE},
                  {"protect-freed", PROTECT_FREED},
                  {"guard-samples", GUARD_SAMPLES}};
    char text[100];
    for (size_t i = 0; i < COUNT(checks); i++) {
        snprintf(text, sizeof text, "%s = yes", checks[i].name);
        assert_int_equal(clean(text, NULL).features, ALL | checks[i].check);
        snprintf(text, sizeof text, "%s = no\nprofile = strict", checks[i].name);
        assert_int_equal(clean(text, NULL).features, STRICT & ~checks[i].check);
    }
}

static void check_at_exit_is_no_quick_or_full(void **state)
{
    (void)state;
    assert_int_equal(clean("check-at-exit = no", NULL).check_at_exit, EXIT_CHECK_NO);
    assert_int_equal(clean("check-at-exit = full", NULL).check_at_exit, EXIT_CHECK_FULL);
    assert_int_equal(clean("check-at-exit = quick\nprofile = strict", NULL).check_at_exit, EXIT_CHECK_QUICK);
    assert_int_equal(from_text("check-at-exit = yes", NULL).check_at_exit, EXIT_CHECK_QUICK);
    assert_int_equal(problem_count, 1);
    assert_problem(0, 1, "yes", "no, quick or full");
}

static void place_of_profile_in_its_section_does_not_matter(void **state)
{
    (void)state;
    struct settings after = clean("canaries = no\nquarantine-size = 5\nprofile = strict\n", NULL);
    struct settings before = clean("profile = strict\ncanaries = no\nquarantine-size = 5\n", NULL);
    assert_int_equal(after.features, STRICT & ~(unsigned)COMPATMALLOC_CANARIES);
    assert_int_equal(after.quarantine_size, 5);
    assert_int_equal(after.profile, PROFILE_STRICT);
    assert_int_equal(before.features, after.features);
    assert_int_equal(before.quarantine_size, 5);
}

static void profile_of_a_later_section_undoes_earlier_ones(void **state)
{
    (void)state;
    const char *text = "[default]\ncanaries = no\nquarantine-size = 9\non-error = log\njournal = "
                       "no\nexplain-faults = yes\nmemory-tags = no\n"
                       "[program true]\nprofile = strict\n";
    struct settings settings = clean(text, "/bin/true");
    assert_int_equal(settings.features, STRICT);
    assert_int_equal(settings.quarantine_size, 0);
    /* These are not a profile's business. */
    assert_int_equal(settings.on_error, ON_ERROR_LOG);
    assert_false(settings.journal);
    assert_true(settings.explain_faults);
    assert_false(settings.memory_tags);
}

/* --- keys and values -------------------------------------------------------------------------- */

static void every_feature_has_a_key(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned feature;
    } features[] = {
        {"quarantine", COMPATMALLOC_QUARANTINE},
        {"guard-pages", COMPATMALLOC_GUARD_PAGES},
        {"slot-randomization", COMPATMALLOC_SLOT_RANDOMIZATION},
        {"canaries", COMPATMALLOC_CANARIES},
        {"poison-on-free", COMPATMALLOC_POISON_ON_FREE},
        {"write-after-free-check", COMPATMALLOC_WRITE_AFTER_FREE_CHECK},
        {"zero-on-free", COMPATMALLOC_ZERO_ON_FREE},
    };
    char text[100];
    for (size_t i = 0; i < COUNT(features); i++) {
        snprintf(text, sizeof text, "%s = no", features[i].name);
        assert_int_equal(clean(text, NULL).features, ALL & ~features[i].feature);
        snprintf(text, sizeof text, "profile = off\n%s = yes", features[i].name);
        assert_int_equal(clean(text, NULL).features, features[i].feature);
    }
}

static void switches_have_four_spellings(void **state)
{
    (void)state;
    static const char *const on[] = {"yes", "on", "true", "1"}, *const off[] = {"no", "off", "false", "0"};
    char text[100];
    for (size_t i = 0; i < COUNT(on); i++) {
        snprintf(text, sizeof text, "canaries=no\ncanaries=%s\njournal=no\njournal=%s", on[i], on[i]);
        assert_int_equal(clean(text, NULL).features, ALL);
        assert_true(clean(text, NULL).journal);
        snprintf(text, sizeof text, "canaries=%s\njournal=%s\nallow-environment=%s", off[i], off[i], off[i]);
        assert_int_equal(clean(text, NULL).features, ALL & ~(unsigned)COMPATMALLOC_CANARIES);
        assert_false(clean(text, NULL).journal);
        assert_false(clean(text, NULL).allow_environment);
    }
}

static void sizes_may_have_a_suffix(void **state)
{
    (void)state;
    assert_int_equal(clean("quarantine-size = 0", NULL).quarantine_size, 0);
    assert_int_equal(clean("quarantine-size = 12345", NULL).quarantine_size, 12345);
    assert_int_equal(clean("quarantine-size = 64K", NULL).quarantine_size, 64 * KIB);
    assert_int_equal(clean("quarantine-size = 3M", NULL).quarantine_size, 3 * MIB);
    assert_int_equal(clean("quarantine-size = 2G", NULL).quarantine_size, 2048 * MIB);
    assert_int_equal(clean("quarantine-size = 8k", NULL).quarantine_size, 8 * KIB);
    char text[100];
    snprintf(text, sizeof text, "quarantine-size = %zu", SIZE_MAX);
    assert_int_equal(clean(text, NULL).quarantine_size, SIZE_MAX);
}

static void wrong_sizes_are_reported(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "-1",
        "",
        "K",
        "1KB",
        "1.5M",
        "0x10",
        "1 M",
        "99999999999999999999999",
        "18446744073709551616",
        "99999999999999999999G",
        "17179869184G",
        "+5",
    };
    char text[100];
    for (size_t i = 0; i < COUNT(wrong); i++) {
        snprintf(text, sizeof text, "quarantine-size = 7\nquarantine-size = %s\n", wrong[i]);
        assert_int_equal(from_text(text, NULL).quarantine_size, 7);
        assert_int_equal(problem_count, 1);
        assert_problem(0, 2, wrong[i], "not a size");
    }
}

static void on_error_is_abort_or_log(void **state)
{
    (void)state;
    assert_int_equal(clean("on-error = log", NULL).on_error, ON_ERROR_LOG);
    assert_int_equal(clean("on-error = log\non-error = abort", NULL).on_error, ON_ERROR_ABORT);
    assert_int_equal(from_text("on-error = ignore", NULL).on_error, ON_ERROR_ABORT);
    assert_problem(0, 1, "ignore", "abort or log");
}

static void the_last_of_duplicates_wins(void **state)
{
    (void)state;
    assert_int_equal(clean("profile = off\nprofile = light\nprofile = strict", NULL).profile, PROFILE_STRICT);
    assert_int_equal(clean("canaries = no\ncanaries = yes", NULL).features, ALL);
    assert_int_equal(clean("quarantine-size = 1\nquarantine-size = 2", NULL).quarantine_size, 2);
}

static void a_wrong_value_leaves_the_last_right_one(void **state)
{
    (void)state;
    struct settings settings = from_text("canaries = no\njournal = no\nprofile = light\n"
                                         "canaries = maybe\njournal = perhaps\nprofile = best\n",
                                         NULL);
    assert_int_equal(settings.features & COMPATMALLOC_CANARIES, 0);
    assert_false(settings.journal);
    assert_int_equal(settings.profile, PROFILE_LIGHT);
    assert_int_equal(problem_count, 3);
    assert_problem(0, 4, "maybe", "yes or no");
    assert_problem(1, 5, "perhaps", "yes or no");
    assert_problem(2, 6, "best", "default, strict, light or off");

    assert_true(from_text("journal = yes\njournal = perhaps", NULL).journal);
}

static void what_is_no_setting_is_reported_and_the_rest_applies(void **state)
{
    (void)state;
    struct settings settings = from_text("canaries\n"
                                         "canary = yes\n"
                                         "= yes\n"
                                         "Canaries = no\n"
                                         "canaries =\n"
                                         "on-error = log\n",
                                         NULL);
    assert_int_equal(problem_count, 5);
    assert_problem(0, 1, "canaries", "key = value");
    assert_problem(1, 2, "canary", "no such key");
    assert_problem(2, 3, "", "no such key");
    assert_problem(3, 4, "Canaries", "no such key");
    assert_problem(4, 5, "", "yes or no");
    assert_int_equal(settings.features, ALL);
    assert_int_equal(settings.on_error, ON_ERROR_LOG);
}

static void nobody_need_listen(void **state)
{
    (void)state;
    struct settings settings;
    const char *text = "nonsense\n[nonsense\n[default]\non-error = log";
    settings_from_profile(&settings, PROFILE_DEFAULT);
    settings_apply_file(&settings, text, strlen(text), NULL, NULL, NULL);
    assert_int_equal(settings.on_error, ON_ERROR_LOG);
}

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

/* --- options of the environment --------------------------------------------------------------- */

static void options_are_the_same_keys(void **state)
{
    (void)state;
    struct settings settings =
        with_options("canaries=no,profile=strict,quarantine-size=4K,on-error=log,journal=0");
    assert_int_equal(problem_count, 0);
    assert_int_equal(settings.profile, PROFILE_STRICT);
    assert_int_equal(settings.features, STRICT & ~(unsigned)COMPATMALLOC_CANARIES);
    assert_int_equal(settings.quarantine_size, 4096);
    assert_int_equal(settings.on_error, ON_ERROR_LOG);
    assert_false(settings.journal);
    assert_int_equal(with_options(" profile = light , on-error = log ").profile, PROFILE_LIGHT);
    assert_int_equal(with_options(",,profile=off,,").profile, PROFILE_OFF);
    assert_int_equal(problem_count, 0);
    assert_int_equal(with_options("").profile, PROFILE_DEFAULT);
    assert_int_equal(with_options("profile=off,profile=strict").profile, PROFILE_STRICT);
}

static void options_override_the_file(void **state)
{
    (void)state;
    struct settings settings = clean("canaries = no\nquarantine-size = 5\non-error = log\n", NULL);
    settings_apply_options(&settings, "quarantine=no", 13, note, problems);
    assert_int_equal(settings.features, ALL & ~(unsigned)(COMPATMALLOC_CANARIES | COMPATMALLOC_QUARANTINE));
    assert_int_equal(settings.quarantine_size, 5);
    settings_apply_options(&settings, "profile=default", 15, note, problems);
    assert_int_equal(settings.features, ALL);
    assert_int_equal(settings.quarantine_size, 0);
    assert_int_equal(settings.on_error, ON_ERROR_LOG);
    assert_int_equal(problem_count, 0);
}

static void wrong_options_are_reported_and_the_rest_applies(void **state)
{
    (void)state;
    struct settings settings = with_options("x,allow-environment=no,profile=best,[default],on-error=log");
    assert_int_equal(problem_count, 4);
    assert_problem(0, 0, "x", "key = value");
    assert_problem(1, 0, "allow-environment", "configuration file only");
    assert_problem(2, 0, "best", "not a profile");
    assert_problem(3, 0, "[default]", "key = value");
    assert_true(settings.allow_environment);
    assert_int_equal(settings.on_error, ON_ERROR_LOG);
}

/* --- words ------------------------------------------------------------------------------------ */

static const char *described(const char *source, struct settings_problem problem)
{
    static char buffer[400];
    struct text text = {buffer, sizeof buffer - 1, 0};
    text_problem(&text, source, &problem);
    buffer[text.used] = '\0';
    return buffer;
}

static void problems_name_their_place(void **state)
{
    (void)state;
    assert_string_equal(
        described("/etc/compatmalloc.conf", (struct settings_problem){12, "best", 4, "not a profile"}),
        "/etc/compatmalloc.conf:12: \"best\": not a profile");
    assert_string_equal(
        described("COMPATMALLOC_OPTIONS", (struct settings_problem){0, "x", 1, "not a setting"}),
        "COMPATMALLOC_OPTIONS: \"x\": not a setting");
    assert_string_equal(described("f", (struct settings_problem){1, "\033[2J\n\0", 6, "no"}),
                        "f:1: \"?[2J??\": no");
    char longer[300];
    memset(longer, 'x', sizeof longer);
    assert_non_null(
        strstr(described("f", (struct settings_problem){1, longer, sizeof longer, "no"}), "xx...\": no"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_choose_features),
        cmocka_unit_test(nothing_changes_nothing),
        cmocka_unit_test(profile_sets_everything_it_decides),
        cmocka_unit_test(checks_are_switches_of_their_own),
        cmocka_unit_test(check_at_exit_is_no_quick_or_full),
        cmocka_unit_test(place_of_profile_in_its_section_does_not_matter),
        cmocka_unit_test(profile_of_a_later_section_undoes_earlier_ones),
        cmocka_unit_test(every_feature_has_a_key),
        cmocka_unit_test(switches_have_four_spellings),
        cmocka_unit_test(sizes_may_have_a_suffix),
        cmocka_unit_test(wrong_sizes_are_reported),
        cmocka_unit_test(on_error_is_abort_or_log),
        cmocka_unit_test(the_last_of_duplicates_wins),
        cmocka_unit_test(a_wrong_value_leaves_the_last_right_one),
        cmocka_unit_test(what_is_no_setting_is_reported_and_the_rest_applies),
        cmocka_unit_test(nobody_need_listen),
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
        cmocka_unit_test(options_are_the_same_keys),
        cmocka_unit_test(options_override_the_file),
        cmocka_unit_test(wrong_options_are_reported_and_the_rest_applies),
        cmocka_unit_test(problems_name_their_place),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
