/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What on this machine could get in the way, and what is to be done about it. */
#ifndef CHECKS_H
#define CHECKS_H

#include <stdbool.h>
#include <stddef.h>

enum severity {
    CHECK_GOOD,
    CHECK_NOTE,    /* worth knowing */
    CHECK_WARNING, /* something will not work as it could */
    CHECK_OBSTACLE /* with this the library must not be enabled for all programs */
};

struct finding {
    const char *name; /* of the check; fixed words, for scripts */
    enum severity severity;
    char *what; /* as it is */
    char *fix;  /* NULL if there is nothing to be done */
};

struct findings {
    struct finding *list;
    size_t count;
};

void checks_run(struct findings *findings);
void checks_free(struct findings *findings);

/* A list; `name` is that of a member of an object, or NULL. */
void findings_print_json(const char *name, const struct findings *findings);

const char *severity_name(enum severity severity);

/* Whether this boot was asked to go without compatmalloc. */
bool kernel_says_off(void);

#endif
