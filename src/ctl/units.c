/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "units.h"

#include <stddef.h>

#if HAVE_LIBSYSTEMD

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "ctl.h"
#include "library.h"
#include "systemd/journal.h"
#include "systemd/manager.h"

bool units_are_known(void)
{
    return true;
}

char *unit_of_process(pid_t pid)
{
    char *unit = NULL;
    return sd_pid_get_unit(pid, &unit) < 0 ? NULL : unit;
}

/* One connection for all questions; NULL where there is no systemd. */
static sd_bus *connection(void)
{
    static sd_bus *bus;
    static bool tried;
    if (!tried && access("/run/systemd/system", F_OK) == 0 && sd_bus_open_system(&bus) < 0)
        bus = NULL;
    tried = true;
    return bus;
}

/* Processes come sorted by unit, so the last answer is the next one's as a rule. */
static char **environment_of(const char *unit)
{
    static char *last, **environment;
    sd_bus *bus = connection();
    if (!bus || strcmp(manager_unit_kind(unit), "service") != 0)
        return NULL;
    if (!last || strcmp(last, unit) != 0) {
        free(last);
        manager_free_strings(environment);
        last = text_of("%s", unit);
        char *object = manager_object(bus, unit);
        environment = object ? manager_strings(bus, object, "Service", "Environment") : NULL;
        free(object);
    }
    return environment;
}

const char *unit_variable(const char *unit, const char *name)
{
    return unit ? manager_variable(environment_of(unit), name) : NULL;
}

bool unit_is_enabled(const char *unit)
{
    const char *value = unit_variable(unit, "LD_PRELOAD");
    return value && library_is(value, strcspn(value, " :"));
}

/* The journal is read once: reports are few, processes are many. */
unsigned events_of_process(pid_t pid)
{
    static struct {
        pid_t *list;
        size_t count;
        bool read;
    } reporters;
    if (!reporters.read) {
        sd_id128_t boot;
        char id[SD_ID128_STRING_MAX];
        struct event event;
        struct event_filter filter = {.boot = id};
        reporters.read = true;
        sd_journal *journal =
            sd_id128_get_boot(&boot) >= 0 && sd_id128_to_string(boot, id) ? journal_open(&filter) : NULL;
        while (journal && journal_next(journal, &filter, &event)) {
            pid_t *longer = reallocarray(reporters.list, reporters.count + 1, sizeof *longer);
            if (longer) {
                reporters.list = longer;
                longer[reporters.count++] = event.pid ? (pid_t)strtol(event.pid, NULL, 10) : 0;
            }
            event_free(&event);
        }
        if (journal)
            sd_journal_close(journal);
    }
    unsigned count = 0;
    for (size_t i = 0; i < reporters.count; i++)
        count += reporters.list[i] == pid;
    return count;
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

const char *unit_variable(const char *unit, const char *name)
{
    (void)unit;
    (void)name;
    return NULL;
}

bool unit_is_enabled(const char *unit)
{
    (void)unit;
    return false;
}

unsigned events_of_process(pid_t pid)
{
    (void)pid;
    return 0;
}

#endif
