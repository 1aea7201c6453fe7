/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl.h"
#include "file.h"
#include "problem.h"
#include "trust.h"

static void ignore_problem(void *context, const struct settings_problem *problem)
{
    (void)context;
    (void)problem;
}

struct settings config_settings(const char *program, const char *options)
{
    struct settings settings;
    struct stat status;
    size_t length;
    settings_from_profile(&settings, PROFILE_DEFAULT);
    bool is_trusted = stat(CONFIG_FILE, &status) == 0 && !settings_distrust(&status, false);
    char *text = is_trusted ? file_read(CONFIG_FILE, &length) : NULL;
    if (text)
        settings_apply_file(&settings, text, length, program, ignore_problem, NULL);
    free(text);
    if (options && settings.allow_environment)
        settings_apply_options(&settings, options, strlen(options), ignore_problem, NULL);
    return settings;
}

const char *config_profile_name(enum profile profile)
{
    static const char *const names[] = {[PROFILE_DEFAULT] = "default",
                                        [PROFILE_STRICT] = "strict",
                                        [PROFILE_LIGHT] = "light",
                                        [PROFILE_OFF] = "off"};
    return names[profile];
}

bool options_add(const char *verb, char **options, const char *prefix, const char *option)
{
    if (strchr(option, ',')) {
        usage_trouble("%s: '%s': give each option with an --option of its own", verb, option);
        return false;
    }
    char *longer = text_of("%s%s%s%s", *options ? *options : "", *options ? "," : "", prefix, option);
    free(*options);
    *options = longer;
    return true;
}

static void print_problem(void *count, const struct settings_problem *problem)
{
    char buffer[400];
    struct text text = {buffer, sizeof buffer, 0};
    text_problem(&text, "compatmallocctl", problem);
    fprintf(stderr, "%.*s\n", (int)text.used, buffer);
    ++*(unsigned *)count;
}

bool options_are_understood(const char *options)
{
    struct settings settings;
    unsigned problems = 0;
    settings_from_profile(&settings, PROFILE_DEFAULT);
    settings_apply_options(&settings, options, strlen(options), print_problem, &problems);
    return problems == 0;
}
