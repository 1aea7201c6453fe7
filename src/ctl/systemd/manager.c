/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "manager.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"

#define SYSTEMD   "org.freedesktop.systemd1"
#define OBJECT    "/org/freedesktop/systemd1"
#define MANAGER   SYSTEMD ".Manager"
#define WATCH_FOR 2000000L /* microseconds */

sd_bus *manager_open(bool user)
{
    sd_bus *bus = NULL;
    int result = user ? sd_bus_open_user(&bus) : sd_bus_open_system(&bus);
    if (result < 0) {
        trouble("cannot talk to %s over D-Bus: %s", user ? "your systemd (systemctl --user)" : "systemd",
                strerror(-result));
        return NULL;
    }
    /* A unit may take longer to restart than D-Bus waits by itself for an answer; the answer itself comes at
     * once. */
    return bus;
}

/* --- names ------------------------------------------------------------------------------------ */

const char *manager_unit_kind(const char *name)
{
    static const char *const kinds[] = {"service", "socket", "target", "device", "mount", "automount",
                                        "swap",    "timer",  "path",   "slice",  "scope"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(dot + 1, kinds[i]) == 0)
            return kinds[i];
    return "";
}

char *manager_unit_name(const char *name)
{
    return text_of("%s%s", name, *manager_unit_kind(name) ? "" : ".service");
}

bool manager_is_template(const char *name)
{
    const char *at = strchr(name, '@');
    return at && at[1] == '.';
}

/* --- properties ------------------------------------------------------------------------------- */

void manager_free_state(struct unit_state *state)
{
    free(state->active);
    free(state->sub);
}

void manager_free_strings(char **strings)
{
    for (char **s = strings; s && *s; s++)
        free(*s);
    free(strings);
}

char *manager_object(sd_bus *bus, const char *unit)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    const char *object = NULL;
    char *copy = NULL;
    int result = sd_bus_call_method(bus, SYSTEMD, OBJECT, MANAGER, "LoadUnit", &error, &reply, "s", unit);
    if (result >= 0)
        result = sd_bus_message_read(reply, "o", &object);
    if (result >= 0)
        copy = text_of("%s", object);
    else
        trouble("%s: %s", unit, error.message ? error.message : strerror(-result));
    sd_bus_error_free(&error);
    sd_bus_message_unref(reply);
    return copy;
}

char *manager_string(sd_bus *bus, const char *object, const char *interface, const char *property)
{
    char *name = text_of(SYSTEMD ".%s", interface), *value = NULL;
    if (sd_bus_get_property_string(bus, SYSTEMD, object, name, property, NULL, &value) < 0)
        value = NULL;
    free(name);
    return value;
}

char **manager_strings(sd_bus *bus, const char *object, const char *interface, const char *property)
{
    char *name = text_of(SYSTEMD ".%s", interface), **value = NULL;
    if (sd_bus_get_property_strv(bus, SYSTEMD, object, name, property, NULL, &value) < 0)
        value = NULL;
    free(name);
    return value;
}

uint64_t manager_number(sd_bus *bus, const char *object, const char *interface, const char *property,
                        char type)
{
    char *name = text_of(SYSTEMD ".%s", interface);
    uint64_t large = 0;
    uint32_t small = 0;
    int result = sd_bus_get_property_trivial(bus, SYSTEMD, object, name, property, NULL, type,
                                             type == 't' ? (void *)&large : (void *)&small);
    free(name);
    return result < 0 ? 0 : type == 't' ? large : small;
}

const char *manager_variable(char **environment, const char *name)
{
    const char *value = NULL;
    size_t length = strlen(name);
    for (char **entry = environment; entry && *entry; entry++)
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            value = *entry + length + 1;
    return value;
}

struct unit_state manager_state(sd_bus *bus, const char *object)
{
    return (struct unit_state){
        .active = manager_string(bus, object, "Unit", "ActiveState"),
        .sub = manager_string(bus, object, "Unit", "SubState"),
        .main_pid = (pid_t)manager_number(bus, object, "Service", "MainPID", 'u'),
        .restarts = (uint32_t)manager_number(bus, object, "Service", "NRestarts", 'u'),
    };
}

char **manager_active_units(sd_bus *bus, const char *pattern)
{
    char **names = calloc(1, sizeof *names);
    size_t count = 0;
    sd_bus_message *call = NULL, *reply = NULL;
    const char *name;
    if (sd_bus_message_new_method_call(bus, &call, SYSTEMD, OBJECT, MANAGER, "ListUnitsByPatterns") < 0 ||
        sd_bus_message_append(call, "asas", 2, "active", "activating", 1, pattern) < 0 ||
        sd_bus_call(bus, call, 0, NULL, &reply) < 0 ||
        sd_bus_message_enter_container(reply, 'a', "(ssssssouso)") < 0)
        goto out;
    while (sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                               NULL) > 0) {
        char **longer = reallocarray(names, count + 2, sizeof *names);
        if (!longer)
            break;
        names = longer;
        names[count++] = text_of("%s", name);
        names[count] = NULL;
    }
out:
    sd_bus_message_unref(call);
    sd_bus_message_unref(reply);
    return names;
}

/* --- jobs ------------------------------------------------------------------------------------- */

bool manager_reload(sd_bus *bus)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *call = NULL;
    int result = sd_bus_message_new_method_call(bus, &call, SYSTEMD, OBJECT, MANAGER, "Reload");
    /* Generators run meanwhile: systemctl is as patient. */
    if (result >= 0)
        result = sd_bus_call(bus, call, 180 * UINT64_C(1000000), &error, NULL);
    if (result < 0)
        trouble("systemd cannot reload its units: %s; 'systemctl daemon-reload' tries again",
                error.message ? error.message : strerror(-result));
    sd_bus_error_free(&error);
    sd_bus_message_unref(call);
    return result >= 0;
}

struct job {
    char *object;
    char *result; /* NULL while it runs */
};

static int on_job_removed(sd_bus_message *signal, void *context, sd_bus_error *error)
{
    struct job *job = context;
    const char *object, *result;
    (void)error;
    if (sd_bus_message_read(signal, "uoss", NULL, &object, NULL, &result) >= 0 && job->object &&
        strcmp(object, job->object) == 0)
        job->result = text_of("%s", result);
    return 0;
}

/* The words for it if it was not "done", to be freed, else NULL. */
static char *wait_for_job(sd_bus *bus, struct job *job)
{
    while (!job->result) {
        int processed = sd_bus_process(bus, NULL);
        if (processed == 0)
            processed = sd_bus_wait(bus, UINT64_MAX);
        if (processed < 0)
            return text_of("the connection to systemd broke: %s", strerror(-processed));
    }
    return strcmp(job->result, "done") == 0 ? NULL : text_of("systemd says: %s", job->result);
}

static char *do_job(sd_bus *bus, const char *method, const char *unit)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    sd_bus_slot *slot = NULL;
    struct job job = {NULL, NULL};
    const char *object;
    char *problem = NULL;

    (void)sd_bus_call_method(bus, SYSTEMD, OBJECT, MANAGER, "Subscribe", NULL, NULL, "");
    int result =
        sd_bus_match_signal(bus, &slot, SYSTEMD, OBJECT, MANAGER, "JobRemoved", on_job_removed, &job);
    if (result >= 0)
        result =
            sd_bus_call_method(bus, SYSTEMD, OBJECT, MANAGER, method, &error, &reply, "ss", unit, "replace");
    if (result >= 0)
        result = sd_bus_message_read(reply, "o", &object);
    if (result < 0) {
        problem = text_of("%s", error.message ? error.message : strerror(-result));
    } else {
        job.object = text_of("%s", object);
        problem = wait_for_job(bus, &job);
    }
    sd_bus_slot_unref(slot);
    sd_bus_error_free(&error);
    sd_bus_message_unref(reply);
    free(job.object);
    free(job.result);
    return problem;
}

char *manager_start(sd_bus *bus, const char *unit)
{
    return do_job(bus, "StartUnit", unit);
}

char *manager_stop(sd_bus *bus, const char *unit)
{
    return do_job(bus, "StopUnit", unit);
}

void manager_reset_failed(sd_bus *bus, const char *unit)
{
    (void)sd_bus_call_method(bus, SYSTEMD, OBJECT, MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit);
}

static bool has_settled(const struct unit_state *state, const char *type)
{
    if (!state->active)
        return false;
    /* What has done its work is "inactive" again. */
    bool may_end = type && strcmp(type, "oneshot") == 0;
    return strcmp(state->active, "active") == 0 || (may_end && strcmp(state->active, "inactive") == 0);
}

/* A service of Type=simple counts as started when it is forked: whether it stays is seen a moment later. */
static char *watch(sd_bus *bus, const char *object)
{
    struct unit_state first = manager_state(bus, object), now = {0};
    char *type = manager_string(bus, object, "Service", "Type"), *problem = NULL;
    for (long waited = 0; waited < WATCH_FOR && !problem; waited += WATCH_FOR / 20) {
        nanosleep(&(struct timespec){.tv_nsec = WATCH_FOR / 20 * 1000}, NULL);
        manager_free_state(&now);
        now = manager_state(bus, object);
        if (!has_settled(&now, type))
            problem = text_of("it started, and then became %s (%s)", now.active ? now.active : "unknown",
                              now.sub ? now.sub : "unknown");
        else if (now.restarts != first.restarts ||
                 (first.main_pid && now.main_pid != first.main_pid && now.main_pid))
            problem = text_of("it started, ended and was restarted by systemd");
    }
    manager_free_state(&first);
    manager_free_state(&now);
    free(type);
    return problem;
}

char *manager_restart(sd_bus *bus, const char *unit)
{
    char *problem = do_job(bus, "RestartUnit", unit);
    if (problem)
        return problem;
    char *object = manager_object(bus, unit);
    if (!object)
        return text_of("systemd does not know it any more");
    problem = watch(bus, object);
    free(object);
    return problem;
}

char *manager_set_timer(sd_bus *bus, const char *timer, uint64_t microseconds)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *call = NULL;
    int result = sd_bus_message_new_method_call(bus, &call, SYSTEMD, OBJECT, MANAGER, "StartTransientUnit");
    if (result >= 0)
        result = sd_bus_message_append(
            call, "ssa(sv)a(sa(sv))", timer, "replace", 4,                          /* properties: */
            "Description", "s", "End of the trial of compatmalloc in all programs", /* */
            "TimersMonotonic", "a(st)", 1, "OnActiveSec", microseconds,             /* */
            "RemainAfterElapse", "b", 0, "AccuracyUSec", "t", UINT64_C(1000000), 0);
    if (result >= 0)
        result = sd_bus_call(bus, call, 0, &error, NULL);
    char *problem = result < 0 ? text_of("%s", error.message ? error.message : strerror(-result)) : NULL;
    sd_bus_error_free(&error);
    sd_bus_message_unref(call);
    return problem;
}
