/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where reports go. The caller has blocked all signals. Failures are silent: there is nobody left to tell. */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include "platform.h"

#include <stdbool.h>

#include "format.h"

/* More than this may be torn apart in a pipe by other writers, or block although poll() said that there is
 * room. */
#define REPORT_MAX_STDERR 4096

/* Write to stderr, if file descriptor 2 is one, waiting at most so long for a reader. */
COLD void report_write_stderr(const struct text *text, int patience_milliseconds);

/*
 * Write to it in a process that may have locked itself in, if that can be done without a call which could
 * kill it: then nothing but write(2) is used. One that may not block writes only where it never has to wait
 * for a reader. Returns how many bytes were written.
 */
COLD size_t report_write_confined(const struct text *text, bool may_block);

/* Send fields in the journal's native format. Never waits. */
COLD void report_send_journal(const struct text *fields);

#endif
