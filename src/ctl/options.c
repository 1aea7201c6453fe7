/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

char *verb_synopsis(const struct verb *verb)
{
    char *line = text_of("%s", verb->name);
    for (const struct verb_option *o = verb->options; o && o->name; o++) {
        char *longer =
            text_of("%s [--%s%s%s]", line, o->name, o->argument ? "=" : "", o->argument ? o->argument : "");
        free(line);
        line = longer;
    }
    char *whole = text_of("%s%s%s", line, verb->arguments ? " " : "", verb->arguments ? verb->arguments : "");
    free(line);
    return whole;
}

bool options_next(struct options *options, const char **name, const char **value)
{
    struct option known[VERB_OPTIONS_MAX + 1] = {0};
    int chosen, index = 0;
    for (int i = 0; options->verb->options && options->verb->options[i].name; i++)
        known[i] =
            (struct option){options->verb->options[i].name,
                            options->verb->options[i].argument ? required_argument : no_argument, NULL, 'x'};
    opterr = 0;
    chosen =
        getopt_long(options->argc, options->argv, options->verb->takes_command ? "+:" : ":", known, &index);
    if (chosen == 'x') {
        *name = known[index].name;
        *value = optarg;
        return true;
    }
    if (chosen != -1 && strcmp(options->argv[optind - 1], "--json") == 0) {
        usage_trouble("%s: there is no --json, for it prints nothing of its own", options->verb->name);
        options->failed = true;
    } else if (chosen != -1) {
        usage_trouble("%s: '%s' is no option of %s, or lacks its value", options->verb->name,
                      options->argv[optind - 1], options->verb->name);
        options->failed = true;
    }
    return false;
}

bool options_end(struct options *options)
{
    if (!options->failed && optind < options->argc) {
        usage_trouble("%s takes no arguments but its options: '%s'", options->verb->name,
                      options->argv[optind]);
        options->failed = true;
    }
    return !options->failed;
}

bool options_file_and_json(const struct verb *verb, int argc, char **argv, const char **file, bool *json)
{
    struct options options = {verb, argc, argv, false};
    const char *name, *value;
    *file = NULL;
    *json = false;
    while (options_next(&options, &name, &value)) {
        *file = value ? value : *file;
        *json = *json || !value;
    }
    return options_end(&options);
}

bool options_only_json(const struct verb *verb, int argc, char **argv, bool *json)
{
    const char *none;
    return options_file_and_json(verb, argc, argv, &none, json);
}
