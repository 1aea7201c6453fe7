/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where reports go. The caller has blocked all signals. Failures are silent: there is nobody left to tell. */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include "format.h"
#include "platform.h"

/* More than this may be torn apart in a pipe by other writers, or block although poll() said that there is
 * room. */
#define REPORT_MAX_STDERR 4096

/* Write to stderr, if file descriptor 2 is one, waiting at most so long for a reader. */
COLD void report_write_stderr(const struct text *text, int patience_milliseconds);

/*
 * Write to it in a process that may have locked itself in, if that can be done without a call which could
 * kill it: then nothing but write(2) is used, and it may block. Returns how many bytes were written.
 */
COLD size_t report_write_confined(const struct text *text);

/* Send fields in the journal's native format. Never waits. */
COLD void report_send_journal(const struct text *fields);

#endif
