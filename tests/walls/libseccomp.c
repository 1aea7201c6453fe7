/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stands for the library of that name: what makes a filter for programs that cannot do it themselves. */
#include "lock-in.h"

int lock_process_in(void);

int lock_process_in(void)
{
    return lock_in(SECCOMP_RET_KILL_PROCESS, "") ? 0 : -1;
}
