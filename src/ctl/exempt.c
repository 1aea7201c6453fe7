/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* exempt: leave one program alone, by a section of its own in the configuration file. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_edit.h"
#include "config_file.h"
#include "ctl.h"
#include "json.h"

/* What the kernel calls it, for that is what the library compares: /bin/x is often /usr/bin/x. To be freed.
 */
static char *real_program(const char *program)
{
    char *real = *program == '/' ? realpath(program, NULL) : NULL;
    return real ? real : text_of("%s", program);
}

static bool is_exempt(const char *program)
{
    char *path = *program == '/' ? text_of("%s", program) : text_of("/%s", program);
    bool off = config_settings(path, NULL).profile == PROFILE_OFF;
    free(path);
    return off;
}

static int say(const char *program, bool exempt, bool changed, bool json)
{
    if (json) {
        json_begin(NULL, '{');
        json_string("program", program);
        json_bool("exempt", exempt);
        json_bool("changed", changed);
        json_end('}');
        json_newline();
    } else if (exempt) {
        printf("%s is %sexempt%s\n", program, changed ? "" : "already ",
               changed ? " from its next start" : "");
    } else {
        printf("%s is %s\n", program, changed ? "not exempt any more, from its next start" : "not exempt");
    }
    return STATUS_GOOD;
}

static int change(const char *program, bool remove, bool json)
{
    bool changed;
    if (!config_change(remove ? config_without_exemption : config_with_exemption, program, &changed))
        return STATUS_TROUBLE;
    bool exempt = is_exempt(program);
    if (exempt == !remove)
        return say(program, exempt, changed, json);
    trouble(remove ? "%s is still exempt, by another section of " CONFIG_FILE " that matches it"
                   : "%s is not exempt: another section of " CONFIG_FILE ", further down, says otherwise",
            program);
    return STATUS_BAD;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    const char *name, *value;
    bool json = false, remove = false;
    while (options_next(&options, &name, &value))
        *(strcmp(name, "json") == 0 ? &json : &remove) = true;
    if (options.failed)
        return STATUS_TROUBLE;
    if (argc - optind != 1)
        return usage_trouble("exempt: name one program, by its path or its file name");
    if (!is_root(CONFIG_FILE " is changed"))
        return STATUS_TROUBLE;
    if (*argv[optind] == '\0' || strpbrk(argv[optind], "\r\n]#;") ||
        (*argv[optind] != '/' && strchr(argv[optind], '/')))
        return usage_trouble("exempt: '%s' is neither an absolute path nor a file name", argv[optind]);
    char *program = real_program(argv[optind]);
    int status = change(program, remove, json);
    free(program);
    return status;
}

const struct verb verb_exempt = {
    .name = "exempt",
    .summary = "leave one program alone: a section of its own in compatmalloc.conf(5)",
    .arguments = "PROGRAM",
    .options =
        (const struct verb_option[]){{"remove", NULL, "protect it again"}, {"json", NULL, "print JSON"}, {0}},
    .run = run,
};
