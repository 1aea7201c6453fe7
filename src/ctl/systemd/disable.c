/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* disable: takes away what enable wrote, and nothing else. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "drop_in.h"
#include "json.h"
#include "manager.h"
#include "restart.h"

#define ALL_SERVICES "service"

struct wishes {
    bool user, now, all_services, json;
};

struct removal {
    char *unit;
    char *files[2]; /* lasting and runtime; NULL where there is none of ours */
    char *problem;
    bool restarted;
};

/* Units may be gone while their drop-ins are not: then the name is what was typed. */
static char *real_name(sd_bus *bus, const char *asked)
{
    char *name = manager_unit_name(asked);
    if (manager_is_template(name))
        return name;
    char *object = manager_object(bus, name);
    char *id = object ? manager_string(bus, object, "Unit", "Id") : NULL;
    free(object);
    if (!id)
        return name;
    free(name);
    return id;
}

/* False, and says so, if a file of that name is somebody else's. */
static bool find_files(const struct wishes *wishes, struct removal *removal)
{
    for (int runtime = 0; runtime < 2; runtime++) {
        struct drop_in_place place = {wishes->user, runtime};
        char *path = drop_in_path(&place, removal->unit);
        enum drop_in_kind kind = path ? drop_in_kind(path) : DROP_IN_NONE;
        if (kind == DROP_IN_SOMEBODYS) {
            trouble("%s: refused: %s was not written by this tool; remove it yourself, or with 'systemctl "
                    "revert'",
                    removal->unit, path);
            free(path);
            return false;
        }
        removal->files[runtime] = kind == DROP_IN_OURS ? path : NULL;
        if (kind != DROP_IN_OURS)
            free(path);
    }
    return true;
}

static bool remove_files(struct removal *removal)
{
    for (int i = 0; i < 2; i++)
        if (removal->files[i] && !drop_in_remove(removal->files[i])) {
            removal->problem = text_of("%s: %s", removal->files[i], strerror(errno));
            trouble("%s", removal->problem);
            return false;
        }
    return true;
}

static bool was_enabled(const struct removal *removal)
{
    return removal->files[0] || removal->files[1];
}

static void restart(sd_bus *bus, struct removal *removal)
{
    char **units = units_to_restart(bus, removal->unit);
    for (char **unit = units; unit && *unit; unit++) {
        removal->problem = manager_restart(bus, *unit);
        if (removal->problem) {
            trouble("%s: restarted without compatmalloc: %s", *unit, removal->problem);
            break;
        }
        removal->restarted = true;
    }
    manager_free_strings(units);
}

static void print_words(sd_bus *bus, const struct removal *removal)
{
    const char *name = strcmp(removal->unit, ALL_SERVICES) == 0 ? "all services" : removal->unit;
    char **running = units_to_restart(bus, removal->unit);
    if (!was_enabled(removal))
        printf("%s: was not enabled\n", name);
    else if (removal->restarted)
        printf("%s: runs without compatmalloc\n", name);
    else if (running && *running)
        printf("%s: disabled; what runs keeps the library until it is restarted\n", name);
    else
        printf("%s: disabled\n", name);
    manager_free_strings(running);
}

static void print_json(sd_bus *bus, const struct removal *list, size_t count)
{
    json_begin(NULL, '[');
    for (size_t i = 0; i < count; i++) {
        char **running = units_to_restart(bus, list[i].unit);
        json_begin(NULL, '{');
        json_string("unit", list[i].unit);
        json_string("file", list[i].files[0] ? list[i].files[0] : list[i].files[1]);
        json_bool("changed", was_enabled(&list[i]));
        json_bool("restarted", list[i].restarted);
        json_bool("needs_restart", was_enabled(&list[i]) && !list[i].restarted && running && *running);
        json_string("problem", list[i].problem);
        json_end('}');
        manager_free_strings(running);
    }
    json_end(']');
    json_newline();
}

static int carry_out(sd_bus *bus, const struct wishes *wishes, struct removal *list, size_t count)
{
    int status = STATUS_GOOD;
    bool changed = false;
    for (size_t i = 0; i < count; i++) {
        changed = changed || was_enabled(&list[i]);
        if (!remove_files(&list[i]))
            status = STATUS_TROUBLE;
    }
    if (changed && !manager_reload(bus))
        return STATUS_TROUBLE;
    for (size_t i = 0; i < count; i++) {
        if (wishes->now && was_enabled(&list[i]) && !list[i].problem)
            restart(bus, &list[i]);
        if (list[i].problem)
            status = status == STATUS_GOOD ? STATUS_BAD : status;
        else if (!wishes->json)
            print_words(bus, &list[i]);
    }
    if (wishes->json)
        print_json(bus, list, count);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    struct wishes wishes = {0};
    const char *name, *value;
    while (options_next(&options, &name, &value))
        *(strcmp(name, "now") == 0            ? &wishes.now
          : strcmp(name, "user") == 0         ? &wishes.user
          : strcmp(name, "all-services") == 0 ? &wishes.all_services
                                              : &wishes.json) = true;
    if (options.failed)
        return STATUS_TROUBLE;
    if (wishes.all_services ? optind < argc : optind == argc)
        return usage_trouble("disable: name one unit or more, or --all-services");
    if (wishes.all_services && wishes.now)
        return usage_trouble("disable: --now is for units that are named");
    if (!wishes.user && !is_root("systemd's units are changed"))
        return STATUS_TROUBLE;
    sd_bus *bus = manager_open(wishes.user);
    if (!bus)
        return STATUS_TROUBLE;

    size_t count = wishes.all_services ? 1 : (size_t)(argc - optind);
    struct removal *list = calloc(count, sizeof *list);
    bool possible = list != NULL;
    for (size_t i = 0; i < count && list; i++) {
        list[i].unit = wishes.all_services ? text_of(ALL_SERVICES) : real_name(bus, argv[optind + (int)i]);
        possible = find_files(&wishes, &list[i]) && possible;
    }
    int status = possible ? carry_out(bus, &wishes, list, count) : STATUS_BAD;
    for (size_t i = 0; i < count && list; i++) {
        free(list[i].unit);
        free(list[i].files[0]);
        free(list[i].files[1]);
        free(list[i].problem);
    }
    free(list);
    sd_bus_unref(bus);
    return status;
}

const struct verb verb_disable = {
    .name = "disable",
    .summary = "undo what enable did",
    .arguments = "UNIT...",
    .options = (const struct verb_option[]){{"now", NULL, "restart the units now"},
                                            {"user", NULL, "units of your own systemd"},
                                            {"all-services", NULL,
                                             "what enable --all-services did, instead of UNIT"},
                                            {"json", NULL, "print JSON"},
                                            {0}},
    .run = run,
};
