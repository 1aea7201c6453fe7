/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "obstacles.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_file.h"
#include "ctl.h"
#include "file.h"
#include "library.h"
#include "manager.h"
#include "program.h"

typedef const struct unit_question question;

static char *service_string(question *q, const char *property)
{
    char *value = manager_string(q->bus, q->object, "Service", property);
    if (value && *value == '\0') {
        free(value);
        value = NULL;
    }
    return value;
}

/* --- what kind of unit ------------------------------------------------------------------------- */

static char *obstacle_of_kind(question *q)
{
    const char *kind = manager_unit_kind(q->unit);
    if (strcmp(kind, "service") == 0)
        return NULL;
    if (strcmp(kind, "slice") == 0)
        return text_of("a slice runs no programs of its own; name the services in it, or use --all-services");
    if (strcmp(kind, "scope") == 0)
        return text_of(
            "the processes of a scope are started by another program than systemd; set it up there");
    char **starts = manager_strings(q->bus, q->object, "Unit", "Triggers");
    char *reason = starts && *starts
                       ? text_of("a %s runs no program of its own; it starts %s: enable that", kind, *starts)
                       : text_of("a %s runs no program; only services do", kind);
    manager_free_strings(starts);
    return reason;
}

static char *obstacle_of_state(question *q)
{
    char *state = manager_string(q->bus, q->object, "Unit", "LoadState");
    char *file_state = manager_string(q->bus, q->object, "Unit", "UnitFileState");
    char *reason = NULL;
    if (!state || strcmp(state, "not-found") == 0)
        reason = text_of("there is no such unit; 'systemctl list-unit-files' lists them");
    else if (strcmp(state, "masked") == 0)
        reason = text_of("it is masked, so systemd reads no drop-ins for it; 'systemctl unmask %s' first",
                         q->unit);
    else if (strcmp(state, "loaded") != 0)
        reason = text_of("systemd cannot load it (%s); 'systemctl status %s' tells why", state, q->unit);
    else if (file_state && strcmp(file_state, "transient") == 0)
        reason = text_of(
            "it was made by a program while the machine runs, and is gone when it stops; have that program "
            "set LD_PRELOAD=" LIBRARY_NAME " (systemd-run --setenv)");
    free(state);
    free(file_state);
    return reason;
}

/* --- what it says about its environment ----------------------------------------------------------- */

static char *foreign_preload(question *q)
{
    char **environment = manager_strings(q->bus, q->object, "Service", "Environment");
    const char *value = manager_variable(environment, "LD_PRELOAD");
    char *rest = text_of("%s", "");
    while (value && *(value += strspn(value, " :"))) {
        size_t length = strcspn(value, " :");
        if (!library_is(value, length)) {
            char *longer = text_of("%s:%.*s", rest, (int)length, value);
            free(rest);
            rest = longer;
        }
        value += length;
    }
    manager_free_strings(environment);
    return rest;
}

char *unit_preload(question *q)
{
    char *rest = foreign_preload(q);
    char *whole = text_of("%s%s", LIBRARY_NAME, rest);
    free(rest);
    return whole;
}

static char *obstacle_of_allocator(question *q)
{
    static const char *const allocators[] = {"jemalloc",        "tcmalloc", "mimalloc", "snmalloc",
                                             "hardened_malloc", "scudo",    "rpmalloc", "hoard",
                                             "tbbmalloc",       "libasan"};
    char *rest = foreign_preload(q), *reason = NULL;
    for (size_t i = 0; i < sizeof allocators / sizeof *allocators && !reason; i++)
        if (strstr(rest, allocators[i]))
            reason = text_of(
                "its Environment= already preloads another allocator (LD_PRELOAD=%s), and a process can "
                "only have one; take that out first",
                rest + 1);
    free(rest);
    return reason;
}

static bool sets_preload(const char *file)
{
    char *text = file_read(file, NULL);
    bool found = false;
    for (char *line = text; line && !found; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        line += strspn(line, " \t");
        found = strncmp(line, "LD_PRELOAD=", strlen("LD_PRELOAD=")) == 0;
    }
    free(text);
    return found;
}

/* To the first of a service's property's elements, each a structure. */
static bool enter_list(question *q, const char *property, const char *type, sd_bus_message **reply)
{
    return sd_bus_get_property(q->bus, "org.freedesktop.systemd1", q->object,
                               "org.freedesktop.systemd1.Service", property, NULL, reply, type) >= 0 &&
           sd_bus_message_enter_container(*reply, 'a', type + 1) >= 0;
}

static char *obstacle_of_files(question *q)
{
    sd_bus_message *reply = NULL;
    const char *path;
    char *reason = NULL;
    if (!enter_list(q, "EnvironmentFiles", "a(sb)", &reply))
        return NULL;
    while (!reason && sd_bus_message_read(reply, "(sb)", &path, NULL) > 0)
        if (sets_preload(path))
            reason = text_of(
                "%s, its EnvironmentFile=, sets LD_PRELOAD, and that wins over any drop-in; add " LIBRARY_NAME
                " there, in front",
                path);
    sd_bus_message_unref(reply);
    return reason;
}

static char *obstacle_of_unset(question *q)
{
    char **unset = manager_strings(q->bus, q->object, "Service", "UnsetEnvironment"), *reason = NULL;
    for (char **name = unset; name && *name && !reason; name++)
        if (strcmp(*name, "LD_PRELOAD") == 0 || strncmp(*name, "LD_PRELOAD=", strlen("LD_PRELOAD=")) == 0)
            reason = text_of(
                "its UnsetEnvironment= takes LD_PRELOAD away again; 'systemctl edit %s' can change that",
                q->unit);
    manager_free_strings(unset);
    return reason;
}

static char *obstacle_of_options(question *q)
{
    if (!q->options || config_settings(NULL, NULL).allow_environment)
        return NULL;
    return text_of(CONFIG_FILE
                   " says 'allow-environment = no', so a service's own settings are ignored; put them into a "
                   "[program ...] section of that file instead of --profile and --option");
}

/* --- what it may do ----------------------------------------------------------------------------- */

static char *obstacle_of_root(question *q, const char *root)
{
    char *image = service_string(q, "RootImage");
    char *reason = NULL;
    if (image)
        reason = text_of(
            "it runs from the disk image %s (RootImage=), into which this tool cannot look; install the "
            "library in the image, and then add Environment=LD_PRELOAD=" LIBRARY_NAME
            " by 'systemctl edit %s'",
            image, q->unit);
    free(image);
    char **files = library_files();
    bool found = *root == '\0';
    for (; !found && *files; files++) {
        char *inside = text_of("%s%s", root, *files);
        found = access(inside, F_OK) == 0;
        free(inside);
    }
    if (!reason && !found)
        reason = text_of("it sees %s as its / (RootDirectory=), where there is no " LIBRARY_NAME
                         "; install the library there first",
                         root);
    return reason;
}

static char *obstacle_of_paths(question *q)
{
    char **forbidden = manager_strings(q->bus, q->object, "Service", "NoExecPaths");
    char **allowed = manager_strings(q->bus, q->object, "Service", "ExecPaths");
    char *reason = NULL;
    for (char **file = library_files(); *file && !reason; file++) {
        size_t no = 0, yes = 0;
        for (char **path = forbidden; path && *path; path++)
            no = strncmp(*file, *path, strlen(*path)) == 0 && strlen(*path) > no ? strlen(*path) : no;
        for (char **path = allowed; path && *path; path++)
            yes = strncmp(*file, *path, strlen(*path)) == 0 && strlen(*path) > yes ? strlen(*path) : yes;
        if (no > yes)
            reason = text_of("its NoExecPaths= forbids to execute %s; add that to its ExecPaths=", *file);
    }
    manager_free_strings(forbidden);
    manager_free_strings(allowed);
    return reason;
}

/* Without these no allocator of this kind can do its work. glibc's own needs most of them too. */
static char *obstacle_of_filter(question *q)
{
    static const char *const needed[] = {"mmap",  "munmap", "mprotect",  "madvise", "mremap",
                                         "futex", "openat", "getrandom", "getpid",  "clock_gettime"};
    sd_bus_message *reply = NULL;
    int allows = 0;
    char **calls = NULL, *reason = NULL;
    if (sd_bus_get_property(q->bus, "org.freedesktop.systemd1", q->object, "org.freedesktop.systemd1.Service",
                            "SystemCallFilter", NULL, &reply, "(bas)") < 0 ||
        sd_bus_message_enter_container(reply, 'r', "bas") < 0 ||
        sd_bus_message_read(reply, "b", &allows) < 0 || sd_bus_message_read_strv(reply, &calls) < 0)
        calls = NULL;
    for (size_t i = 0; i < sizeof needed / sizeof *needed && calls && *calls && !reason; i++) {
        bool listed = false;
        for (char **call = calls; *call && !listed; call++)
            listed = strncmp(*call, needed[i], strcspn(*call, ":")) == 0 &&
                     strlen(needed[i]) == strcspn(*call, ":");
        if (listed != (allows != 0))
            reason = text_of(
                "its SystemCallFilter= forbids %s(2), which the allocator needs; @system-service has all "
                "that it needs",
                needed[i]);
    }
    manager_free_strings(calls);
    sd_bus_message_unref(reply);
    return reason;
}

static char *obstacle_of_program(question *q, const char *root)
{
    sd_bus_message *reply = NULL;
    const char *path;
    char *reason = NULL;
    if (!enter_list(q, "ExecStart", "a(sasbttttuii)", &reply))
        return NULL;
    while (!reason && sd_bus_message_enter_container(reply, 'r', "sasbttttuii") > 0) {
        if (sd_bus_message_read(reply, "s", &path) > 0)
            reason = program_obstacle(root, path);
        if (sd_bus_message_skip(reply, "asbttttuii") < 0 || sd_bus_message_exit_container(reply) < 0)
            break;
    }
    sd_bus_message_unref(reply);
    return reason;
}

static char *obstacle_of_require(question *q)
{
    char *type = q->require ? service_string(q, "Type") : NULL;
    char *reason = NULL;
    if (type && strcmp(type, "oneshot") == 0)
        reason = text_of(
            "it is of Type=oneshot, which has ended before anything could look at it; --require is for "
            "services that stay");
    free(type);
    return reason;
}

char *unit_obstacle(question *q)
{
    /* From what is most likely to explain the rest. */
    char *reason = obstacle_of_state(q);
    reason = reason ? reason : obstacle_of_kind(q);
    if (reason)
        return reason;
    char *root = service_string(q, "RootDirectory");
    const char *inside = root ? root : "";
    reason = obstacle_of_root(q, inside);
    reason = reason ? reason : obstacle_of_program(q, inside);
    reason = reason ? reason : obstacle_of_allocator(q);
    reason = reason ? reason : obstacle_of_files(q);
    reason = reason ? reason : obstacle_of_unset(q);
    reason = reason ? reason : obstacle_of_paths(q);
    reason = reason ? reason : obstacle_of_filter(q);
    reason = reason ? reason : obstacle_of_options(q);
    reason = reason ? reason : obstacle_of_require(q);
    free(root);
    return reason;
}
