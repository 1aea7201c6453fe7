/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What systemd's manager, the machine's or a user's, is asked and told over D-Bus. */
#ifndef MANAGER_H
#define MANAGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* NULL, and says why, if there is none. */
sd_bus *manager_open(bool user);

/* `name` as systemctl completes it: what names no kind of unit is a service. To be freed. */
char *manager_unit_name(const char *name);

/* "service" and so on, or "" for what is no name of a unit. */
const char *manager_unit_kind(const char *name);

/* "foo@.service" */
bool manager_is_template(const char *name);

struct unit_state {
    char *active; /* "active", "failed" */
    char *sub;    /* "running", "auto-restart" */
    pid_t main_pid;
    uint32_t restarts;
};

void manager_free_state(struct unit_state *state);

/* The object of a unit, which is loaded if need be; NULL, and says why. To be freed. */
char *manager_object(sd_bus *bus, const char *unit);

/* Properties of an object; NULL, false or 0 where there is no such property. `interface` is the last part of
 * its name: Unit, Service. Strings and lists are to be freed, lists end with NULL. */
char *manager_string(sd_bus *bus, const char *object, const char *interface, const char *property);
char **manager_strings(sd_bus *bus, const char *object, const char *interface, const char *property);
uint64_t manager_number(sd_bus *bus, const char *object, const char *interface, const char *property,
                        char type);
void manager_free_strings(char **strings);

/* The value of a variable in the property Environment, which may be NULL; a pointer into it, or NULL. */
const char *manager_variable(char **environment, const char *name);

struct unit_state manager_state(sd_bus *bus, const char *object);

/* The units that are active and match a pattern of the shell; ended by NULL, to be freed. */
char **manager_active_units(sd_bus *bus, const char *pattern);

/* As systemctl daemon-reload. False, and says why. */
bool manager_reload(sd_bus *bus);

/*
 * Restart a unit and wait until systemd is done with that, however long the unit may take; then watch it for
 * two seconds. NULL if it is active then and has not been restarted; else what became of it, to be freed.
 */
char *manager_restart(sd_bus *bus, const char *unit);

/* Start or stop a unit, and wait for it. NULL, or what became of it, to be freed. */
char *manager_start(sd_bus *bus, const char *unit);
char *manager_stop(sd_bus *bus, const char *unit);

void manager_reset_failed(sd_bus *bus, const char *unit);

/* A timer of that name, gone after a reboot, that starts the service of the same name once. NULL, or what is
 * wrong, to be freed. */
char *manager_set_timer(sd_bus *bus, const char *timer, uint64_t microseconds);

#endif
