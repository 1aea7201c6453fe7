/* links: config/settings.o config/format.o config/problem.o */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The configuration: which settings its keys and values become, and what is said about those that cannot be
 * understood. */
#include "settings_reader.h"

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
        cmocka_unit_test(options_are_the_same_keys),
        cmocka_unit_test(options_override_the_file),
        cmocka_unit_test(wrong_options_are_reported_and_the_rest_applies),
        cmocka_unit_test(problems_name_their_place),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
