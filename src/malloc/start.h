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

#endif
