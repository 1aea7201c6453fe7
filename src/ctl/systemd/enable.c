/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * enable: drop-ins that run units under the library.
 *
 * All refusals come before the first change. Then: all files, one reload, a look whether systemd now means
 * what the files say, and with --now one restart after the other. What does not work out is taken back.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config_file.h"
#include "ctl.h"
#include "drop_in.h"
#include "file.h"
#include "journal.h"
#include "json.h"
#include "library.h"
#include "manager.h"
#include "obstacles.h"
#include "processes.h"
#include "restart.h"

#define ALL_SERVICES "service"

struct wishes {
    struct drop_in_place place;
    bool now, require, all_services, json;
    char *options;
};

struct plan {
    char *unit;   /* its real name; ALL_SERVICES for all */
    char *object; /* whose properties tell about it, or NULL for all */
    char *path;
    char *text; /* of the new file */
    char *old;  /* of the one before, or NULL */
    bool changed;
    char *problem;
    bool restarted;
};

struct plans {
    struct plan *list;
    size_t count;
};

/* --- making plans ----------------------------------------------------------------------------- */

/* Of a template there is nothing that could be asked; of any instance there is. */
static char *askable_name(const char *unit)
{
    if (!manager_is_template(unit))
        return text_of("%s", unit);
    const char *at = strchr(unit, '@');
    return text_of("%.*s@compatmallocctl%s", (int)(at - unit), unit, at + 1);
}

static char *check_command(const struct wishes *wishes)
{
    if (!wishes->require)
        return NULL;
    char tool[4096];
    ssize_t length = readlink("/proc/self/exe", tool, sizeof tool - 1);
    /* "+": with the rights to look at the process, whatever user and root the service has. */
    return text_of("%s%.*s verify --pid=${MAINPID} --wait=5", wishes->place.user ? "" : "+",
                   length > 0 ? (int)length : 0, tool);
}

static char *text_for(const struct wishes *wishes, const struct unit_question *question, const char *unit)
{
    char *preload = question->object ? unit_preload(question) : text_of(LIBRARY_NAME);
    char *check = check_command(wishes);
    char *name = text_of("%s%s", strcmp(unit, ALL_SERVICES) == 0 ? "--all-services" : unit,
                         wishes->place.user ? " --user" : "");
    char *text = drop_in_text(&(struct drop_in_content){name, preload, wishes->options, check});
    free(preload);
    free(check);
    free(name);
    return text;
}

/* What is at the place already, or would be read instead of it. */
static char *obstacle_of_file(const struct wishes *wishes, const struct plan *plan)
{
    if (drop_in_kind(plan->path) == DROP_IN_SOMEBODYS)
        return text_of("%s was not written by this tool; move it away first", plan->path);
    char *lasting = drop_in_path(&(struct drop_in_place){.user = wishes->place.user}, plan->unit);
    char *reason = wishes->place.runtime && lasting && access(lasting, F_OK) == 0
                       ? text_of("it is enabled for good, by %s, and that is what systemd reads", lasting)
                       : NULL;
    free(lasting);
    return reason;
}

/* False if that was said to be impossible. */
static bool make_plan(sd_bus *bus, const struct wishes *wishes, const char *asked, struct plan *plan)
{
    struct unit_question question = {
        .bus = bus, .require = wishes->require, .options = wishes->options != NULL};
    char *reason = NULL;
    *plan = (struct plan){0};
    if (wishes->all_services) {
        plan->unit = text_of(ALL_SERVICES);
    } else {
        char *name = manager_unit_name(asked), *askable = askable_name(name);
        plan->object = manager_object(bus, askable);
        if (plan->object) {
            plan->unit = manager_is_template(name) ? text_of("%s", name)
                                                   : manager_string(bus, plan->object, "Unit", "Id");
            question.object = plan->object;
            question.unit = plan->unit;
            reason = unit_obstacle(&question);
        }
        free(name);
        free(askable);
        if (!plan->object)
            return false;
        if (!reason && strcmp(plan->unit, asked) != 0 && strncmp(plan->unit, asked, strlen(asked)) != 0 &&
            !wishes->json)
            printf("%s is an alias of %s\n", asked, plan->unit);
    }
    if (!reason && !(plan->path = drop_in_path(&wishes->place, plan->unit)))
        return false;
    if (!reason)
        reason = obstacle_of_file(wishes, plan);
    if (reason) {
        trouble("%s: refused: %s", plan->unit, reason);
        free(reason);
        return false;
    }
    plan->text = text_for(wishes, &question, plan->unit);
    plan->old = file_read(plan->path, NULL);
    return true;
}

static void free_plans(struct plans *plans)
{
    for (size_t i = 0; plans->list && i < plans->count; i++) {
        struct plan *p = &plans->list[i];
        char *texts[] = {p->unit, p->object, p->path, p->text, p->old, p->problem};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            free(texts[t]);
    }
    free(plans->list);
}

/* --- doing, and undoing ------------------------------------------------------------------------- */

static void take_back(struct plan *plan)
{
    if (!plan->changed)
        return;
    bool done = plan->old ? drop_in_write(plan->path, plan->old) : drop_in_remove(plan->path);
    if (!done)
        trouble("%s: cannot be put back as it was: %s", plan->path, strerror(errno));
    plan->changed = false;
}

static bool write_files(struct plans *plans)
{
    for (size_t i = 0; i < plans->count; i++) {
        struct plan *plan = &plans->list[i];
        if (plan->old && strcmp(plan->old, plan->text) == 0)
            continue;
        plan->changed = true;
        if (drop_in_write(plan->path, plan->text))
            continue;
        trouble("%s: %s; nothing has been changed", plan->path, strerror(errno));
        for (size_t k = 0; k <= i; k++)
            take_back(&plans->list[k]);
        return false;
    }
    return true;
}

/* Whether systemd means what the file says: another drop-in may have the last word. */
static bool is_in_force(sd_bus *bus, const struct plan *plan)
{
    if (!plan->object)
        return true;
    char **environment = manager_strings(bus, plan->object, "Service", "Environment");
    const char *value = manager_variable(environment, "LD_PRELOAD");
    bool in_force = value && library_is(value, strcspn(value, " :"));
    manager_free_strings(environment);
    return in_force;
}

/* Systemd forgets a unit that nothing refers to; asked for it again, it has read its files. */
static bool load_again(sd_bus *bus, const struct plan *plan)
{
    char *askable = plan->object ? askable_name(plan->unit) : NULL;
    char *object = askable ? manager_object(bus, askable) : NULL;
    bool loaded = !askable || object;
    free(askable);
    free(object);
    return loaded;
}

static bool check_force(sd_bus *bus, struct plans *plans)
{
    bool good = true;
    for (size_t i = 0; i < plans->count; i++) {
        struct plan *plan = &plans->list[i];
        if (load_again(bus, plan) && is_in_force(bus, plan))
            continue;
        trouble("%s: another drop-in has the last word on its Environment=; 'systemctl cat %s' shows which; "
                "nothing has "
                "been changed",
                plan->unit, plan->unit);
        good = false;
    }
    for (size_t i = 0; i < plans->count && !good; i++)
        take_back(&plans->list[i]);
    if (!good)
        manager_reload(bus);
    return good;
}

static uint64_t now_microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* Take the library out of a unit that does not come up with it, and bring it up as it was. */
static void roll_back(sd_bus *bus, const struct wishes *wishes, struct plan *plan, const char *unit,
                      const char *problem, uint64_t since)
{
    bool had_file = plan->changed;
    trouble("%s does not come back under compatmalloc: %s", unit, problem);
    fflush(stdout);
    if (!wishes->json)
        journal_print_last(unit, since, wishes->place.user);
    fflush(stdout);
    take_back(plan);
    manager_reload(bus);
    manager_reset_failed(bus, unit);
    char *again = manager_restart(bus, unit);
    plan->problem = text_of("does not come back under compatmalloc (%s); %s%s%s", problem,
                            had_file ? "the drop-in has been taken away again, and " : "",
                            again ? "it does not come back without it either: " : "it runs without it",
                            again ? again : "");
    trouble("%s %s", unit, plan->problem);
    free(again);
}

static void restart(sd_bus *bus, const struct wishes *wishes, struct plan *plan)
{
    char **units = units_to_restart(bus, plan->unit);
    for (char **unit = units; unit && *unit && !plan->problem; unit++) {
        uint64_t since = now_microseconds();
        char *problem = manager_restart(bus, *unit);
        bool runs = !problem;
        if (runs)
            problem = unit_left_out(bus, *unit);
        if (problem && (!runs || wishes->require))
            roll_back(bus, wishes, plan, *unit, problem, since);
        else if (problem)
            trouble("%s", plan->problem = text_of("%s has been restarted, but %s", *unit, problem));
        else
            plan->restarted = true;
        free(problem);
    }
    manager_free_strings(units);
}

/* --- what is said about it ------------------------------------------------------------------------ */

static void print_json(sd_bus *bus, const struct plans *plans)
{
    json_begin(NULL, '[');
    for (size_t i = 0; i < plans->count; i++) {
        const struct plan *plan = &plans->list[i];
        char **running = units_to_restart(bus, plan->unit);
        json_begin(NULL, '{');
        json_string("unit", plan->unit);
        json_string("file", plan->path);
        json_bool("changed", plan->changed);
        json_bool("restarted", plan->restarted);
        json_bool("needs_restart", !plan->restarted && !plan->problem && running && *running);
        json_string("problem", plan->problem);
        json_end('}');
        manager_free_strings(running);
    }
    json_end(']');
    json_newline();
}

static void print_words(sd_bus *bus, const struct plan *plan)
{
    char **running = units_to_restart(bus, plan->unit);
    if (strcmp(plan->unit, ALL_SERVICES) == 0)
        puts("all services run under compatmalloc when they are started next; restart them one by one, or "
             "the machine");
    else if (plan->restarted)
        printf("%s runs under compatmalloc\n", plan->unit);
    else if (running && *running)
        for (char **unit = running; *unit; unit++)
            printf("%s is enabled and needs a restart: systemctl restart %s\n", *unit, *unit);
    else
        printf("%s is enabled; it is not running, and will have it when it is started\n", plan->unit);
    if (!plan->changed)
        printf("  (%s was like that already)\n", plan->path);
    manager_free_strings(running);
}

static int carry_out(sd_bus *bus, const struct wishes *wishes, struct plans *plans)
{
    if (!write_files(plans))
        return STATUS_TROUBLE;
    if (!manager_reload(bus) || !check_force(bus, plans))
        return STATUS_TROUBLE;
    int status = STATUS_GOOD;
    for (size_t i = 0; i < plans->count; i++) {
        struct plan *plan = &plans->list[i];
        if (wishes->now)
            restart(bus, wishes, plan);
        if (plan->problem)
            status = STATUS_BAD;
        else if (!wishes->json)
            print_words(bus, plan);
    }
    if (wishes->json)
        print_json(bus, plans);
    return status;
}

/* --- the verb --------------------------------------------------------------------------------- */

static bool read_wish(struct wishes *wishes, const char *name, const char *value)
{
    if (strcmp(name, "profile") == 0)
        return options_add("enable", &wishes->options, "profile=", value);
    if (strcmp(name, "option") == 0)
        return options_add("enable", &wishes->options, "", value);
    *(strcmp(name, "now") == 0            ? &wishes->now
      : strcmp(name, "runtime") == 0      ? &wishes->place.runtime
      : strcmp(name, "user") == 0         ? &wishes->place.user
      : strcmp(name, "require") == 0      ? &wishes->require
      : strcmp(name, "all-services") == 0 ? &wishes->all_services
                                          : &wishes->json) = true;
    return true;
}

static int check_wishes(const struct wishes *wishes, int units)
{
    if (wishes->all_services ? units > 0 : units == 0)
        return usage_trouble("enable: name one unit or more, or --all-services");
    if (wishes->all_services && (wishes->now || wishes->require))
        return usage_trouble(
            "enable: --now and --require are for units that are named; all services at once are restarted "
            "with the machine");
    if (wishes->options && !options_are_understood(wishes->options))
        return STATUS_TROUBLE;
    if (!wishes->place.user && !is_root("systemd's units are changed"))
        return STATUS_TROUBLE;
    char *reason = library_trouble();
    if (reason)
        trouble("the library cannot be loaded: %s", reason);
    free(reason);
    return reason ? STATUS_TROUBLE : STATUS_GOOD;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    struct wishes wishes = {0};
    const char *name, *value;
    while (options_next(&options, &name, &value))
        if (!read_wish(&wishes, name, value))
            return STATUS_TROUBLE;
    int status = options.failed ? STATUS_TROUBLE : check_wishes(&wishes, argc - optind);
    sd_bus *bus = status == STATUS_GOOD ? manager_open(wishes.place.user) : NULL;
    if (!bus)
        return STATUS_TROUBLE;

    int wanted = wishes.all_services ? 1 : argc - optind;
    struct plans plans = {calloc((size_t)wanted, sizeof *plans.list), (size_t)wanted};
    bool possible = plans.list != NULL;
    for (int i = 0; i < wanted && plans.list; i++)
        possible = make_plan(bus, &wishes, wishes.all_services ? NULL : argv[optind + i], &plans.list[i]) &&
                   possible;
    if (possible) {
        status = carry_out(bus, &wishes, &plans);
    } else {
        status = STATUS_BAD;
        trouble("nothing has been changed");
    }
    free_plans(&plans);
    free(wishes.options);
    sd_bus_unref(bus);
    return status;
}

const struct verb verb_enable = {
    .name = "enable",
    .summary = "run units under compatmalloc, from their next start",
    .arguments = "UNIT...",
    .options =
        (const struct verb_option[]){
            {"profile", "PROFILE", "default, strict, light or off, for these units"},
            {"option", "KEY=VALUE", "a setting of compatmalloc.conf(5); may be repeated"},
            {"now", NULL, "restart them now; one that does not come back is put back as it was"},
            {"runtime", NULL, "until the next reboot only"},
            {"user", NULL, "units of your own systemd"},
            {"require", NULL, "let the unit fail if its main process does not have the library"},
            {"all-services", NULL, "all services there are or will be, instead of UNIT"},
            {"json", NULL, "print JSON"},
            {0}},
    .run = run,
};
