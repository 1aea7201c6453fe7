/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a report says, in words and as fields of the journal. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "platform.h"

#include "format.h"
#include "report.h"

/* The same for both texts. */
struct report_circumstances {
    const struct report *report;
    uint64_t pid, tid;
    struct text program; /* empty if not known, as are these: */
    struct text cgroup;  /* for the journal alone */
    struct text call_site;
    struct text allocated_from, freed_from;
    bool is_last_for_now; /* further ones will only be counted for a while */
    uint32_t unprinted;   /* those that were, since the one before */
};

/* "compatmalloc: <kind>: <what>" and then lines that start with "compatmalloc:   ". */
COLD void report_put_lines(struct text *text, const struct report_circumstances *circumstances);

/* Those lines of it that name places in the program. */
COLD void report_put_places(struct text *text, const struct report_circumstances *circumstances);

/* What a process that carried on has to say at its end. */
struct report_summary {
    size_t of_kind[REPORT_KINDS];
    size_t unprinted;
    uint64_t pid;
    struct text program;
};

COLD void report_put_summary(struct text *text, const struct report_summary *summary);
COLD void report_put_summary_fields(struct text *text, const struct report_summary *summary);

/* "NAME=value" lines of the journal's native protocol. */
COLD void report_put_journal_fields(struct text *text, const struct report_circumstances *circumstances);

#endif
