/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What compatmalloc has reported, read back from systemd's journal. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-journal.h>

struct event {
    uint64_t time; /* microseconds since 1970; also what `explain` knows it by */
    char *message, *kind, *program, *unit, *operation, *address, *size, *slot_size, *offset, *caller,
        *version, *host;
    char *pid;
};

struct event_filter {
    uint64_t since;   /* microseconds since 1970; 0 for all */
    const char *unit; /* NULL for any, and so below */
    const char *kind;
    const char *boot; /* this boot only, if it is not NULL */
};

/* NULL, and says why, if the journal cannot be read. */
sd_journal *journal_open(const struct event_filter *filter);

/* The next event that passes the filter which the journal was opened with. False if there is none (yet). */
bool journal_next(sd_journal *journal, const struct event_filter *filter, struct event *event);

void event_free(struct event *event);

/* A short name for an event, unique on its machine for all practical purposes. To be freed. */
char *event_id(const struct event *event);

/* Its time from such a name; 0 if it is none. */
uint64_t event_time_of_id(const char *id);

/* An element of a list, or all that there is. */
void event_print_json(const struct event *event);

/* On stdout: what a unit and systemd had to say about it since then, reports first; at most some ten lines.
 */
void journal_print_last(const char *unit, uint64_t since, bool user);

#endif
