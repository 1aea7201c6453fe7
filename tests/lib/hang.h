/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What hangs must end some day. How long everything else takes is up to the machine, and what else it does
 * meanwhile: so the wait is long.
 */
#ifndef HANG_H
#define HANG_H

#include <unistd.h>

static inline void end_if_it_hangs(void)
{
    alarm(900);
}

#endif
