/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compatmalloc.h"
#include "ctl.h"
#include "verbs.h"

/* --- help ------------------------------------------------------------------------------------- */

static void print_option(const struct verb_option *option)
{
    printf("      --%s%s%s\n          %s\n", option->name, option->argument ? "=" : "",
           option->argument ? option->argument : "", option->help);
}

static void print_verb(const struct verb *verb)
{
    char *synopsis = verb_synopsis(verb);
    printf("Usage: compatmallocctl %s\n\n  %s\n", synopsis, verb->summary);
    for (const struct verb_option *o = verb->options; o && o->name; o++)
        print_option(o);
    putchar('\n');
    free(synopsis);
}

static int print_verb_help(const struct verb *verb)
{
    print_verb(verb);
    puts("See compatmallocctl(8).");
    return STATUS_GOOD;
}

/* Of all verbs of two words that begin with this one. */
static int print_group_help(const char *word)
{
    size_t length = strlen(word);
    for (const struct verb *const *verb = verbs; *verb; verb++)
        if (!(*verb)->is_internal && strncmp((*verb)->name, word, length) == 0 &&
            (*verb)->name[length] == ' ')
            print_verb(*verb);
    puts("See compatmallocctl(8).");
    return STATUS_GOOD;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int print_help(void)
{
    puts("Usage: compatmallocctl VERB [OPTION...]\n"
         "\n"
         "Turn the hardened memory allocator compatmalloc on and off again, and see what it does.\n");
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        if ((*verb)->is_internal)
            continue;
        char *synopsis = verb_synopsis(*verb);
        printf("  %s\n      %s\n", synopsis, (*verb)->summary);
        free(synopsis);
    }
    puts("\n"
         "  VERB --help  show what its options mean\n"
         "  --help       show this text\n"
         "  --version    show the version\n"
         "\n"
         "Exit status: 0 if all is well or done; 1 if the answer is no (a process is not protected, a file "
         "or the\n"
         "machine has problems) or something was refused or taken back; 2 if it could not be found out or "
         "done.\n"
         "run exits as its command does.\n"
         "\n"
         "See compatmallocctl(8).");
    return STATUS_GOOD;
}

/* --- words ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 1, 0))) static void complain(const char *format, va_list arguments)
{
    /* In the order in which things happened, also where both are one file. */
    fflush(stdout);
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

bool is_root(const char *what)
{
    if (geteuid() == 0)
        return true;
    trouble("%s, which only root can do: try it with sudo", what);
    return false;
}

char *text_of(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        exit(trouble("out of memory"));
    return text;
}

/* --- verbs ------------------------------------------------------------------------------------ */

/* How many of the words are this verb's name; 0 if they are not. */
static int words_of_name(const struct verb *verb, int argc, char **argv)
{
    const char *blank = strchr(verb->name, ' ');
    if (!blank)
        return strcmp(argv[0], verb->name) == 0;
    size_t first = (size_t)(blank - verb->name);
    return argc > 1 && strlen(argv[0]) == first && strncmp(argv[0], verb->name, first) == 0 &&
                   strcmp(argv[1], blank + 1) == 0
               ? 2
               : 0;
}

static int run_verb(int argc, char **argv)
{
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        int words = words_of_name(*verb, argc, argv);
        if (words == 0)
            continue;
        argc -= words - 1;
        argv += words - 1;
        return argc > 1 && asks_for_help(argv[1]) ? print_verb_help(*verb) : (*verb)->run(*verb, argc, argv);
    }
    if (strcmp(argv[0], "system") == 0)
        return argc > 1 && asks_for_help(argv[1])
                   ? print_group_help(argv[0])
                   : usage_trouble("system enable, system disable, system confirm or system status?");
    return usage_trouble("there is no verb '%s'%s", argv[0],
                         HAVE_LIBSYSTEMD ? "" : " in this build, which is without libsystemd");
}

int main(int argc, char **argv)
{
    int status;
    if (argc < 2)
        status = usage_trouble("what is to be done?");
    else if (asks_for_help(argv[1]))
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
