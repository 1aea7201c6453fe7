/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* libFuzzer: any bytes as a configuration file and as COMPATMALLOC_OPTIONS. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feature_set.h"
#include "problem.h"
#include "settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const char *text;
    size_t length;
    unsigned lines;
    unsigned last_line;
};

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_problem(void *context, const struct settings_problem *problem)
{
    struct input *input = context;
    require(problem->text >= input->text &&
            problem->text + problem->text_length <= input->text + input->length);
    require(problem->line >= input->last_line && problem->line <= input->lines);
    require(problem->problem != NULL);
    input->last_line = problem->line;

    char words[300];
    struct text text = {words, sizeof words, 0};
    text_problem(&text, "file", problem);
    require(memchr(words, '\n', text.used) == NULL);
}

static void check_settings(const struct settings *settings)
{
    require(settings->profile <= PROFILE_OFF);
    require(settings->on_error <= ON_ERROR_LOG);
    require(settings->check_at_exit <= EXIT_CHECK_FULL);
    require((settings->features & ~(FEATURES_ALL | CHECKS_ALL)) == 0);
}

static int same(const struct settings *a, const struct settings *b)
{
    return a->profile == b->profile && a->features == b->features && a->on_error == b->on_error &&
           a->quarantine_size == b->quarantine_size && a->allow_environment == b->allow_environment &&
           a->journal == b->journal && a->check_at_exit == b->check_at_exit;
}

/* The first byte chooses the program, so that the fuzzer explores matches as well. */
static const char *const programs[] = {NULL, "/usr/bin/true", "/a", "/aab/[b]a-/a]"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *program = programs[data[0] % (sizeof programs / sizeof *programs)];
    struct input input = {.text = (const char *)data + 1, .length = size - 1, .lines = 1};
    for (size_t i = 0; i < input.length; i++)
        input.lines += input.text[i] == '\n';

    struct settings default_settings, settings, again;
    settings_from_profile(&default_settings, PROFILE_DEFAULT);
    settings = again = default_settings;
    settings_apply_file(&settings, input.text, input.length, program, check_problem, &input);
    check_settings(&settings);
    settings_apply_file(&again, input.text, input.length, program, NULL, NULL);
    require(same(&settings, &again));

    /* A program can matter only to a file with sections for programs. */
    again = default_settings;
    settings_apply_file(&again, input.text, input.length, NULL, NULL, NULL);
    if (!settings_file_has_programs(input.text, input.length))
        require(same(&settings, &again));

    /* A file applied to its own result changes nothing. */
    again = settings;
    settings_apply_file(&again, input.text, input.length, program, NULL, NULL);
    require(same(&settings, &again));

    input.lines = input.last_line = 0;
    settings_apply_options(&settings, input.text, input.length, check_problem, &input);
    check_settings(&settings);
    return 0;
}
