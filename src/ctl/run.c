/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* run: one command under the library, with the rest of the machine as it was. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "problem.h"
#include "settings.h"

#define LIBRARY "libcompatmalloc.so.1"

/* As the shell does it. */
enum {
    STATUS_CANNOT_EXECUTE = 126,
    STATUS_NOT_FOUND = 127
};

/*
 * The library beside this program: that is a build tree, where the two belong together. Otherwise the name
 * alone, which the dynamic loader looks up for the command's own architecture.
 */
static const char *library(void)
{
    static char path[PATH_MAX + sizeof LIBRARY];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length < 0)
        return LIBRARY;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return LIBRARY;
    memcpy(slash + 1, LIBRARY, sizeof LIBRARY);
    return access(path, F_OK) == 0 ? path : LIBRARY;
}

/* Set `name` to the two values with a separator between, or to the one that is there. */
static bool set_list(const char *name, const char *first, char separator, const char *second)
{
    if (!second || *second == '\0')
        return setenv(name, first, 1) == 0;
    char *both = NULL;
    if (asprintf(&both, "%s%c%s", first, separator, second) < 0)
        return false;
    bool done = setenv(name, both, 1) == 0;
    free(both);
    return done;
}

/* "KEY=VALUE" behind what is in *options already. */
static bool append_option(char **options, const char *prefix, const char *option)
{
    char *longer = NULL;
    if (asprintf(&longer, "%s%s%s%s", *options ? *options : "", *options ? "," : "", prefix, option) < 0)
        return false;
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

static bool are_understood(const char *options)
{
    struct settings settings;
    unsigned problems = 0;
    settings_from_profile(&settings, PROFILE_DEFAULT);
    settings_apply_options(&settings, options, strlen(options), print_problem, &problems);
    return problems == 0;
}

static int start(char **command, const char *options)
{
    const char *preload = library();
    if (strpbrk(preload, " :"))
        return trouble(
            "%s: the dynamic loader cannot be told of a path with a blank or a colon; move the folder",
            preload);
    if (!set_list("LD_PRELOAD", preload, ':', getenv("LD_PRELOAD")) ||
        (options && setenv("COMPATMALLOC_OPTIONS", options, 1) != 0))
        return trouble("cannot set the command's environment: %s", strerror(errno));
    execvp(command[0], command);
    int reason = errno;
    trouble("%s: %s", command[0], strerror(reason));
    return reason == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
}

int verb_run(int argc, char **argv)
{
    static const struct option known[] = {
        {"profile", required_argument, NULL, 'p'}, {"option", required_argument, NULL, 'o'}, {0}};
    char *options = NULL;
    int chosen;

    opterr = 0;
    /* What comes after the command is the command's business. */
    while ((chosen = getopt_long(argc, argv, "+:", known, NULL)) != -1) {
        if (chosen == '?' || chosen == ':')
            return usage_trouble("run: '%s' is no option of run, or lacks its value", argv[optind - 1]);
        if (strchr(optarg, ','))
            return usage_trouble("run: '%s': give each option with an --option of its own", optarg);
        if (!append_option(&options, chosen == 'p' ? "profile=" : "", optarg))
            return trouble("%s", strerror(errno));
    }
    if (optind == argc)
        return usage_trouble("run: which command?");
    if (options && !are_understood(options))
        return STATUS_TROUBLE;
    return start(argv + optind, options);
}
