/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Settings of one process: what they are, and how text becomes settings.
 *
 * The library and compatmallocctl share this code, so what check-config accepts is what a process obeys.
 * Nothing here allocates, uses stdio, locale or errno, or keeps pointers into the text after it returns: it
 * runs inside the first malloc of a process.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

enum profile {
    PROFILE_DEFAULT,
    PROFILE_STRICT,
    PROFILE_LIGHT,
    PROFILE_OFF
};

enum exit_check {
    EXIT_CHECK_NO,
    EXIT_CHECK_QUICK,
    EXIT_CHECK_FULL
};

enum on_error {
    ON_ERROR_ABORT,
    ON_ERROR_LOG
};

struct settings {
    enum profile profile;
    unsigned features; /* OR of enum compatmalloc_feature and enum check (feature_set.h); may name features
                          that are not compiled in */
    enum exit_check check_at_exit;
    enum on_error on_error;
    size_t quarantine_size; /* bytes each thread holds back, per size class; 0: the profile's own choice */
    bool allow_environment; /* whether COMPATMALLOC_OPTIONS, _CONF and _DISABLE are obeyed */
    bool explain_faults;    /* whether SIGSEGV in what the heap made inaccessible is reported */
    bool memory_tags;       /* whether blocks have memory tags where the machine offers them */
    bool journal;           /* whether reports also go to the systemd journal */
};

/*
 * One thing in the text that could not be understood. `line` counts from 1; 0 for options from the
 * environment. `text` is the offending bytes (not NUL-terminated; may hold anything, so quote
 * before printing), `problem` a static sentence that says what is wrong and, where that is short, what would
 * be right.
 */
struct settings_problem {
    unsigned line;
    const char *text;
    size_t text_length;
    const char *problem;
};

typedef void settings_problem_handler(void *context, const struct settings_problem *problem);

/* The settings of a profile with nothing overridden. */
void settings_from_profile(struct settings *settings, enum profile profile);

/*
 * Apply the text of a configuration file to *settings (which the caller initialised with
 * settings_from_profile()): lines before the first section and under [default], then those of every [program
 * PATTERN] section that matches `program`, in file order. PATTERN is an absolute path, a glob on the absolute
 * path (*, ?, [...] ; * does not match /), or a glob on the bare file name. `program` is the executable's
 * absolute path, or NULL if it is not known: then none of these sections matches. Bytes that cannot be
 * understood are handed to the handler; all the rest still applies. Keys: profile, each feature's name
 * and check's name (yes|no|on|off|true|false|1|0), check-at-exit (no|quick|full), quarantine-size (bytes,
 * suffix K, M or G), on-error (abort|log), explain-faults, memory-tags,
 * allow-environment, journal. `profile = X` sets
 * everything that a profile decides, wherever it stands: the same section's other lines override it even if
 * they come before it.
 */
void settings_apply_file(struct settings *settings, const char *text, size_t length, const char *program,
                         settings_problem_handler *handler, void *context);

/* Whether the file has any [program ...] section, so that the caller must find out the program's path. */
bool settings_file_has_programs(const char *text, size_t length);

/* Apply "key=value,key=value" (COMPATMALLOC_OPTIONS); same keys without allow-environment, same rules. */
void settings_apply_options(struct settings *settings, const char *options, size_t length,
                            settings_problem_handler *handler, void *context);

#endif
