/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How much of what there is to report is printed in processes that carry on: the first few of each kind, then
 * one an hour. A service that trips over the same bug with every request must not fill a disk.
 *
 * The limit is one for a process and all that it forks, as most services fork.
 */
#ifndef REPORT_LIMIT_H
#define REPORT_LIMIT_H

#include "platform.h"

#include "report.h"

/* What is limited: each kind of report, and the summaries at exit. */
#define REPORT_SUMMARY ((unsigned)REPORT_KINDS)

struct report_permit {
    bool print;
    bool last_for_now;  /* further ones will only be counted for a while */
    uint32_t unprinted; /* since the one before */
};

/* Counts that are shared with processes forked later; NULL if there is no memory for them. */
struct report_tally *report_limit_share(void);

COLD struct report_permit report_limit_ask(unsigned subject);

#endif
