/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How each process stands to the library, in the words of status, report and metrics. */
#ifndef STANDING_H
#define STANDING_H

#include "processes.h"
#include "table.h"

enum standing {
    STANDS_PROTECTED,
    STANDS_AUDITED,       /* protected, but what is found is only reported */
    STANDS_EXEMPT,        /* the library is there and told to do nothing */
    STANDS_NEEDS_RESTART, /* enabled since it was started */
    STANDS_UNPROTECTED,
    STANDS_UNKNOWN,
    STANDINGS
};

/* After process_read_details(). */
enum standing process_standing(const struct process *process);

/* Members of an object: counts, and "processes" with all that is known of each. */
void standings_print_json(const struct processes *processes);

const char *standing_word(enum standing standing);
enum colour standing_colour(enum standing standing);

#endif
