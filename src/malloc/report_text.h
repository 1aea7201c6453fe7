/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a report says, in words and as fields of the journal. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "format.h"
#include "report.h"

/* The same for both texts. */
struct report_circumstances {
    const struct report *report;
    uint64_t pid, tid;
    struct text program;   /* empty if not known */
    struct text call_site; /* empty if not known */
    int is_last_of_kind;   /* further ones will only be counted */
};

/* "compatmalloc: <kind>: <what>" and then lines that start with "compatmalloc:   ". */
void report_put_lines(struct text *text, const struct report_circumstances *circumstances);

/* "NAME=value" lines of the journal's native protocol. */
void report_put_journal_fields(struct text *text, const struct report_circumstances *circumstances);

#endif
