/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From the first call of the process to a working allocator. */
#ifndef START_H
#define START_H

#include "platform.h"

/*
 * Start the allocator if nobody has yet: settings, address space, size classes, the hot paths' function
 * table. Callable at any time, before libc's constructors too. False if the process gets no memory at all.
 */
bool start_process(void);

/* Whether every call goes to libc (profile = off). Starts the allocator to find out. */
bool start_is_passthrough(void);

/* For the dynamic linker (DT_INIT and DT_FINI, of which no page has to be written as for the arrays of such
 * functions): when constructors run, and at exit. */
__attribute__((used, hot)) void start_at_load(void);
__attribute__((used)) void integrity_at_exit(void);

#endif
