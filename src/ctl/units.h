/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* systemd's units, as far as they concern processes. */
#ifndef UNITS_H
#define UNITS_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether this build knows of units at all. */
bool units_are_known(void);

/* The system unit (service, scope) that a process belongs to, to be freed; NULL if it belongs to none. */
char *unit_of_process(pid_t pid);

#endif
