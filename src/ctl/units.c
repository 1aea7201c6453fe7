/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "units.h"

#include <stddef.h>

#if HAVE_LIBSYSTEMD

#include <systemd/sd-login.h>

bool units_are_known(void)
{
    return true;
}

char *unit_of_process(pid_t pid)
{
    char *unit = NULL;
    return sd_pid_get_unit(pid, &unit) < 0 ? NULL : unit;
}

#else

bool units_are_known(void)
{
    return false;
}

char *unit_of_process(pid_t pid)
{
    (void)pid;
    return NULL;
}

#endif
