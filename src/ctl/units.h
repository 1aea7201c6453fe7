/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* systemd's units and journal, as far as they concern processes. Without libsystemd all answers are
 * "unknown". */
#ifndef UNITS_H
#define UNITS_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether this build knows of units at all. */
bool units_are_known(void);

/* The system unit (service, scope) that a process belongs to, to be freed; NULL if it belongs to none. */
char *unit_of_process(pid_t pid);

/* A variable that a unit sets for its processes, valid until the next question; NULL if it does not. */
const char *unit_variable(const char *unit, const char *name);

/* Whether processes that this unit starts from now on are to have the library, by its Environment=. False
 * also if systemd does not answer. */
bool unit_is_enabled(const char *unit);

/* How many reports of this process there are in the journal since the machine was started. */
unsigned events_of_process(pid_t pid);

#endif
