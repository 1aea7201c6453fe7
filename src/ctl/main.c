/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compatmalloc.h"
#include "ctl.h"

static const struct verb {
    const char *name, *arguments, *summary;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"run", "[--profile=PROFILE] [--option=KEY=VALUE]... [--] COMMAND [ARGUMENT...]",
     "run one command under compatmalloc", verb_run},
    {"status", "[--json]", "list the processes of each unit: protected or not", verb_status},
    {"verify", "[--pid=PID | --unit=UNIT | --all] [--json]",
     "succeed only if the processes asked for (by default all) are protected", verb_verify},
    {"check-config", "[FILE]", "name each line of a configuration file that is not understood",
     verb_check_config},
};

#define VERB_COUNT (sizeof verbs / sizeof *verbs)

static int print_help(void)
{
    puts("Usage: compatmallocctl VERB [OPTION...]\n"
         "\n"
         "Try and watch the hardened memory allocator compatmalloc.\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        printf("  %s %s\n      %s\n", verbs[i].name, verbs[i].arguments, verbs[i].summary);
    puts("\n"
         "  --help       show this text\n"
         "  --version    show the version\n"
         "\n"
         "Exit status: 0 if all is well; 1 if not all processes are protected, or the file has problems;\n"
         "2 if that could not be found out. run exits as its command does.\n"
         "\n"
         "See compatmallocctl(8).");
    return STATUS_GOOD;
}

__attribute__((format(printf, 1, 0))) static void complain(const char *format, va_list arguments)
{
    fputs("compatmallocctl: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int trouble(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return STATUS_TROUBLE;
}

int usage_trouble(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    fputs("compatmallocctl --help lists verbs and options.\n", stderr);
    return STATUS_TROUBLE;
}

static int run_verb(int argc, char **argv)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(argv[0], verbs[i].name) == 0)
            return argc > 1 && strcmp(argv[1], "--help") == 0 ? print_help() : verbs[i].run(argc, argv);
    return usage_trouble("there is no verb '%s'", argv[0]);
}

int main(int argc, char **argv)
{
    int status;
    if (argc < 2)
        status = usage_trouble("what is to be done?");
    else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        status = print_help();
    else if (strcmp(argv[1], "--version") == 0)
        status = printf("compatmallocctl %s\n", COMPATMALLOC_VERSION_STRING) < 0;
    else
        status = run_verb(argc - 1, argv + 1);
    /* An answer that did not arrive is no answer. */
    if (fflush(stdout) != 0 || ferror(stdout))
        return trouble("cannot write to standard output");
    return status;
}
