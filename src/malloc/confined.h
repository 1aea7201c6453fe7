/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Processes that have locked themselves in: a seccomp filter that kills for a system call cannot be asked
 * about without one, so a report of such a process has to be written before anything is asked.
 */
#ifndef CONFINED_H
#define CONFINED_H

#include "platform.h"

/* Whether there may be such a filter: there was one from the start, or the program can have made one. */
bool confined_perhaps(void);

/* The same when it is loaded: that it came with libseccomp is seen, and remembered, now. */
bool confined_later_perhaps(void);

/* Whether number 2 is a local socket, which cannot be asked any more by those who are confined. */
void confined_note_stderr(void);

/*
 * Whether number 2 is a stderr beyond doubt, as far as memory mapping and writes of nothing tell. What is
 * written there may block. All signals are blocked.
 */
bool confined_has_stderr(void);

#endif
