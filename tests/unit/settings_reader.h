/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For tests of the configuration: settings from text, and the problems that were noted meanwhile. */
#ifndef SETTINGS_READER_H
#define SETTINGS_READER_H

#include "unit.h"

#include "compatmalloc.h"
#include "feature_set.h"
#include "problem.h"
#include "settings.h"

#define ALL    (0x7fu | CHECK_NEW_DELETE)
#define STRICT (ALL | CHECK_NEIGHBOURS | CHECK_COPIES | PROTECT_FREED | GUARD_SAMPLES | RECORD_CALLERS)

struct noted {
    unsigned line;
    char text[200];
    char problem[200];
};

static struct noted problems[64];
static size_t problem_count;

static inline void note(void *context, const struct settings_problem *problem)
{
    assert_ptr_equal(context, problems);
    assert_true(problem_count < COUNT(problems));
    struct noted *noted = &problems[problem_count++];
    noted->line = problem->line;
    snprintf(noted->text, sizeof noted->text, "%.*s", (int)problem->text_length, problem->text);
    snprintf(noted->problem, sizeof noted->problem, "%s", problem->problem);
}

/* Apply a file of that many bytes to the default settings, for a program. */
static inline struct settings from_bytes(const char *bytes, size_t length, const char *program)
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

static inline struct settings from_text(const char *text, const char *program)
{
    return from_bytes(text, strlen(text), program);
}

static inline struct settings clean(const char *text, const char *program)
{
    struct settings settings = from_text(text, program);
    assert_int_equal(problem_count, 0);
    return settings;
}

static inline struct settings with_options(const char *options)
{
    struct settings settings;
    problem_count = 0;
    settings_from_profile(&settings, PROFILE_DEFAULT);
    settings_apply_options(&settings, options, strlen(options), note, problems);
    return settings;
}

static inline void assert_problem(size_t index, unsigned line, const char *text, const char *part_of_problem)
{
    assert_true(index < problem_count);
    assert_int_equal(problems[index].line, line);
    assert_string_equal(problems[index].text, text);
    assert_non_null(strstr(problems[index].problem, part_of_problem));
}

#endif
