/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* run: one command under the library, with the rest of the machine as it was. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_file.h"
#include "ctl.h"
#include "library.h"

/* As the shell does it. */
enum {
    STATUS_CANNOT_EXECUTE = 126,
    STATUS_NOT_FOUND = 127
};

/* The library, in front of what is to be preloaded already. */
static bool set_preload(const char *library)
{
    const char *others = getenv("LD_PRELOAD");
    bool alone = !others || *others == '\0';
    char *list = text_of("%s%s%s", library, alone ? "" : ":", alone ? "" : others);
    bool done = setenv("LD_PRELOAD", list, 1) == 0;
    free(list);
    return done;
}

static int start(char **command, const char *options)
{
    const char *preload = library_to_preload();
    if (strpbrk(preload, " :"))
        return trouble(
            "%s: the dynamic loader cannot be told of a path with a blank or a colon; move the folder",
            preload);
    if (!set_preload(preload) || (options && setenv("COMPATMALLOC_OPTIONS", options, 1) != 0))
        return trouble("cannot set the command's environment: %s", strerror(errno));
    execvp(command[0], command);
    int reason = errno;
    trouble("%s: %s", command[0], strerror(reason));
    return reason == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    const char *name, *value;
    char *wanted = NULL;
    while (options_next(&options, &name, &value))
        if (!options_add("run", &wanted, strcmp(name, "profile") == 0 ? "profile=" : "", value))
            return STATUS_TROUBLE;
    if (options.failed)
        return STATUS_TROUBLE;
    if (optind == argc)
        return usage_trouble("run: which command?");
    if (wanted && !options_are_understood(wanted))
        return STATUS_TROUBLE;
    return start(argv + optind, wanted);
}

const struct verb verb_run = {
    .name = "run",
    .summary = "run one command under compatmalloc, and change nothing else",
    .arguments = "[--] COMMAND [ARGUMENT...]",
    .takes_command = true,
    .options = (const struct verb_option[]){{"profile", "PROFILE", "default, strict, light or off"},
                                            {"option", "KEY=VALUE",
                                             "a setting of compatmalloc.conf(5); may be repeated"},
                                            {0}},
    .run = run,
};
