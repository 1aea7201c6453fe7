/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is in force in a process that runs, from its own memory (notice.h). */
#ifndef IN_FORCE_H
#define IN_FORCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "notice.h"

/* False if that cannot be known: its memory is not ours to read, it has not allocated anything yet, or its
 * library is of another kind. */
bool in_force_read(pid_t pid, struct notice *notice);

#endif
