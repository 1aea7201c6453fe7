/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What all verbs of compatmallocctl share. A verb is one object of this kind, in a file of its own, and one
 * line of the list in main.c; help, completion and the parsing of options follow from it. */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stddef.h>

/* What scripts and monitoring rely on. */
enum exit_status {
    STATUS_GOOD = 0,
    STATUS_BAD = 1,     /* the question was answered, with no; or something was not done, or taken back */
    STATUS_TROUBLE = 2, /* the question could not be answered, or was not understood */
};

struct verb_option {
    const char *name;     /* without the two dashes; NULL ends a list */
    const char *argument; /* what --help calls its value, and what completion offers; NULL for none */
    const char *help;
};

#define VERB_OPTIONS_MAX 12

struct verb {
    const char *name;      /* one word, or two with a blank between */
    const char *summary;   /* half a sentence */
    const char *arguments; /* as --help shows them behind the options; NULL for none */
    const struct verb_option *options;
    bool is_internal;   /* for the units that come with the tool; neither listed nor completed */
    bool takes_command; /* what follows the first argument is the command's business */
    /* argv[0] is the verb. Returns the exit status. */
    int (*run)(const struct verb *verb, int argc, char **argv);
};

/* The list that main.c has; ends with NULL. */
extern const struct verb *const verbs[];

/* How --help and the manual page write the call of a verb. To be freed. */
char *verb_synopsis(const struct verb *verb);

/* --- options ---------------------------------------------------------------------------------- */

struct options {
    const struct verb *verb;
    int argc;
    char **argv;
    bool failed; /* and that has been said */
};

/* From one option to the next. False at the end, or after a mistake; then optind is that of the first
 * argument.
 */
bool options_next(struct options *options, const char **name, const char **value);

/* Complains if there are arguments although the verb takes none. */
bool options_end(struct options *options);

/* The same for verbs that have no option but --json, and no arguments. False after a mistake. */
bool options_only_json(const struct verb *verb, int argc, char **argv, bool *json);

/* The same for those that also have one with a value, the name of a file; NULL if that was not given. */
bool options_file_and_json(const struct verb *verb, int argc, char **argv, const char **file, bool *json);

/* --- words ------------------------------------------------------------------------------------ */

/* One line `compatmallocctl: ...` on stderr. Returns STATUS_TROUBLE, so that a verb can return it. */
int trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and a hint at --help. */
int usage_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether we are root; if not, says what is to be done, and that it is why `what` is not. */
bool is_root(const char *what);

/* An allocated string. Ends the program where there is no memory for it: the tool changes files by renaming
 * whole ones, so that it may end anywhere. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
