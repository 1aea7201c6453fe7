/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "restart.h"

#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "manager.h"
#include "processes.h"

char **units_to_restart(sd_bus *bus, const char *unit)
{
    if (!manager_is_template(unit))
        return manager_active_units(bus, unit);
    const char *at = strchr(unit, '@');
    char *pattern = text_of("%.*s@*%s", (int)(at - unit), unit, at + 1);
    char **units = manager_active_units(bus, pattern);
    free(pattern);
    return units;
}

char *unit_left_out(sd_bus *bus, const char *unit)
{
    char *object = manager_object(bus, unit);
    struct unit_state state = object ? manager_state(bus, object) : (struct unit_state){0};
    struct process process;
    char *problem = NULL;
    if (state.main_pid > 0 && process_read(state.main_pid, &process)) {
        if (process.protection == UNPROTECTED)
            problem = text_of(
                "its main process, %s (PID %ld), does not have the library: it, or what started it, takes "
                "LD_PRELOAD out of the environment, is linked statically, or has more rights than its user",
                process.program, (long)process.pid);
        process_free(&process);
    }
    manager_free_state(&state);
    free(object);
    return problem;
}
