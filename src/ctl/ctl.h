/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What all verbs of compatmallocctl share. A verb is one function, in a file of its own name, and one line of
 * the table in main.c. */
#ifndef CTL_H
#define CTL_H

/* What scripts and monitoring rely on. */
enum exit_status {
    STATUS_GOOD = 0,
    STATUS_BAD = 1,     /* the question was answered, with no */
    STATUS_TROUBLE = 2, /* the question could not be answered, or was not understood */
};

/* argv[0] is the verb. Returns the exit status. */
int verb_run(int argc, char **argv);
int verb_verify(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_check_config(int argc, char **argv);

/* One line `compatmallocctl: ...` on stderr. Returns STATUS_TROUBLE, so that a verb can return it. */
int trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and a hint at --help. */
int usage_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
