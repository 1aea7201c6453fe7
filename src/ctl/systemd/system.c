/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * system ...: the library in all programs of the machine, by /etc/ld.so.preload.
 *
 * The line in that file decides: each verb changes it by one rename, and does everything else before that has
 * no effect without it, or after that only tidies up. preload_file.h says why the line alone is not enough at
 * boot.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "config_edit.h"
#include "ctl.h"
#include "file.h"
#include "json.h"
#include "library.h"
#include "manager.h"
#include "preload_file.h"
#include "times.h"

/* These come with the package. The timer between them is made when it is needed. */
#define SERVICE       "compatmalloc-preload.service"
#define TRIAL_SERVICE "compatmalloc-trial-end.service"
#define TRIAL_TIMER   "compatmalloc-trial-end.timer"

#define TRIAL_DEFAULT 600 /* seconds */

static bool complain_of(const char *file, bool done)
{
    if (!done)
        trouble("%s: %s", file, strerror(errno));
    return done;
}

static void print_change(bool enabled, bool changed)
{
    json_begin(NULL, '{');
    json_bool("enabled", enabled);
    json_bool("changed", changed);
    json_end('}');
    json_newline();
}

/* --- the way out ------------------------------------------------------------------------------ */

/* The line decides, so it goes first. */
static bool take_out(void)
{
    return complain_of(PRELOAD_FILE, preload_remove_line()) &&
           complain_of(ASLEEP_FILE, file_remove(ASLEEP_FILE)) &&
           complain_of(TRIAL_FILE, file_remove(TRIAL_FILE)) &&
           config_change(config_without_audit, NULL, NULL);
}

/* What works without systemd too: in a chroot, as the package is removed. */
static void tidy_up(void)
{
    sd_bus *bus = NULL;
    if (access("/run/systemd/system", F_OK) == 0 && sd_bus_open_system(&bus) >= 0) {
        free(manager_stop(bus, TRIAL_TIMER));
        free(manager_stop(bus, SERVICE));
    }
    sd_bus_unref(bus);
    preload_remove_links();
}

/* --- enable ----------------------------------------------------------------------------------- */

static size_t print_obstacles(const struct findings *findings)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->list[i];
        if (f->severity != CHECK_OBSTACLE)
            continue;
        count++;
        trouble("refused: %s%s%s", f->what, f->fix ? "; " : "", f->fix ? f->fix : "");
    }
    return count;
}

/* The machine has no way back without these. */
static char *unit_trouble(sd_bus *bus, const char *unit)
{
    char *object = manager_object(bus, unit);
    char *state = object ? manager_string(bus, object, "Unit", "LoadState") : NULL;
    bool loaded = state && strcmp(state, "loaded") == 0;
    free(object);
    free(state);
    return loaded ? NULL
                  : text_of("%s, which comes with the package, is not there; install the package again, or "
                            "'systemctl "
                            "daemon-reload'",
                            unit);
}

static bool units_are_there(sd_bus *bus)
{
    static const char *const units[] = {SERVICE, TRIAL_SERVICE};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        char *problem = unit_trouble(bus, units[i]);
        if (problem)
            trouble("refused: %s", problem);
        free(problem);
        if (problem)
            return false;
    }
    return true;
}

/* First the way out, then the way in. */
static bool begin_trial(sd_bus *bus, uint64_t seconds)
{
    static const char text[] =
        "compatmalloc is on trial in all programs. While this file is there, the next start of the\n"
        "machine takes it out; 'compatmallocctl system confirm' keeps it.\n";
    if (!complain_of(TRIAL_FILE, file_replace(TRIAL_FILE, text, sizeof text - 1)))
        return false;
    free(manager_stop(bus, TRIAL_TIMER));
    char *problem = manager_set_timer(bus, TRIAL_TIMER, seconds * UINT64_C(1000000));
    if (!problem)
        return true;
    trouble("the timer that would end the trial cannot be started: %s", problem);
    free(problem);
    return false;
}

static bool put_in(sd_bus *bus, bool audit, uint64_t trial)
{
    if (trial && !begin_trial(bus, trial))
        return false;
    if (!config_change(audit ? config_with_audit : config_without_audit, NULL, NULL))
        return false;
    if (!complain_of(LINK_ROOT, preload_make_links()) || !complain_of(PRELOAD_FILE, preload_add_line()))
        return false;
    /* So that the line is taken out and put back as the machine goes down and comes up. */
    char *problem = manager_start(bus, SERVICE);
    if (problem)
        trouble("%s cannot be started: %s", SERVICE, problem);
    free(problem);
    return complain_of(ASLEEP_FILE, file_remove(ASLEEP_FILE)) && !problem;
}

static void say_enabled(bool audit, uint64_t trial, bool json)
{
    if (json) {
        json_begin(NULL, '{');
        json_bool("enabled", true);
        json_bool("audit", audit);
        json_number("trial_seconds", trial);
        json_end('}');
        json_newline();
        return;
    }
    printf("all programs that are started from now on run under compatmalloc%s\n",
           audit ? ", which reports what it finds and carries on" : "");
    if (trial)
        printf("in %" PRIu64
               " seconds, or with the next start of the machine, it is taken out again, unless you say:\n"
               "    compatmallocctl system confirm\n",
               trial);
    puts("what runs already goes on without it until it is restarted; 'compatmallocctl status' shows what "
         "that is");
}

static int enable(sd_bus *bus, bool audit, uint64_t trial, bool json)
{
    struct findings findings;
    if (trial && preload_is_enabled() && !preload_is_on_trial()) {
        trouble(
            "refused: it is enabled for good already; 'compatmallocctl system disable' first, for a trial");
        return STATUS_BAD;
    }
    if (!trial && preload_is_on_trial()) {
        trouble(
            "refused: a trial is running; end it with 'compatmallocctl system confirm' or 'system disable'");
        return STATUS_BAD;
    }
    checks_run(&findings);
    size_t obstacles = print_obstacles(&findings);
    checks_free(&findings);
    if (obstacles > 0 || !units_are_there(bus)) {
        trouble("nothing has been changed");
        return STATUS_BAD;
    }
    bool was_enabled = preload_is_enabled();
    if (!put_in(bus, audit, trial)) {
        if (!was_enabled && take_out()) {
            tidy_up();
            trouble("nothing has been changed");
        }
        return STATUS_TROUBLE;
    }
    say_enabled(audit, trial, json);
    return STATUS_GOOD;
}

static int run_enable(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    const char *name, *value;
    bool audit = false, json = false;
    uint64_t trial = 0;
    while (options_next(&options, &name, &value)) {
        if (strcmp(name, "trial") == 0) {
            if (!parse_span(value, &trial) || trial < 5 || trial > UINT64_C(30) * 86400)
                return usage_trouble("system enable: '%s' is no time between 5s and 30d, such as 10min or 1h",
                                     value);
        } else {
            *(strcmp(name, "audit") == 0 ? &audit : &json) = true;
        }
    }
    if (!options_end(&options) || !is_root(PRELOAD_FILE " is changed"))
        return STATUS_TROUBLE;
    sd_bus *bus = manager_open(false);
    int status = bus ? enable(bus, audit, trial, json) : STATUS_TROUBLE;
    sd_bus_unref(bus);
    return status;
}

const struct verb verb_system_enable = {
    .name = "system enable",
    .summary = "run all programs of the machine under compatmalloc, after looking whether they can",
    .options =
        (const struct verb_option[]){
            {"audit", NULL, "report what is found, and let the programs carry on"},
            {"trial", "TIME", "take it out again after that time, or a reboot, unless confirmed"},
            {"json", NULL, "print JSON"},
            {0}},
    .run = run_enable,
};

/* --- disable ---------------------------------------------------------------------------------- */

static int run_disable(const struct verb *verb, int argc, char **argv)
{
    bool json;
    if (!options_only_json(verb, argc, argv, &json) || !is_root(PRELOAD_FILE " is changed"))
        return STATUS_TROUBLE;
    bool was_enabled = preload_is_enabled();
    if (!take_out())
        return STATUS_TROUBLE;
    tidy_up();
    if (json)
        print_change(false, was_enabled);
    else
        puts(was_enabled ? "no program gets compatmalloc from " PRELOAD_FILE
                           " any more; what runs keeps it until it is restarted"
                         : "it was not enabled for all programs");
    return STATUS_GOOD;
}

const struct verb verb_system_disable = {
    .name = "system disable",
    .summary = "undo what system enable did",
    .options = (const struct verb_option[]){{"json", NULL, "print JSON"}, {0}},
    .run = run_disable,
};

/* --- confirm ---------------------------------------------------------------------------------- */

static int confirm(sd_bus *bus, bool json)
{
    /* Without the timer the trial has no end but a reboot; only then is it no trial any more. */
    free(manager_stop(bus, TRIAL_TIMER));
    if (!preload_is_on_trial()) {
        trouble("no trial is running%s",
                preload_is_enabled() ? "; it is enabled for good" : ": it has ended, or there was none");
        return STATUS_BAD;
    }
    if (!complain_of(TRIAL_FILE, file_remove(TRIAL_FILE)))
        return STATUS_TROUBLE;
    if (!preload_is_enabled()) {
        trouble("the trial has ended in this very moment; 'compatmallocctl system enable' begins anew");
        return STATUS_BAD;
    }
    if (json)
        print_change(true, true);
    else
        puts("confirmed: all programs run under compatmalloc, also after a reboot");
    return STATUS_GOOD;
}

static int run_confirm(const struct verb *verb, int argc, char **argv)
{
    bool json;
    if (!options_only_json(verb, argc, argv, &json) || !is_root(PRELOAD_FILE " is changed"))
        return STATUS_TROUBLE;
    sd_bus *bus = manager_open(false);
    int status = bus ? confirm(bus, json) : STATUS_TROUBLE;
    sd_bus_unref(bus);
    return status;
}

const struct verb verb_system_confirm = {
    .name = "system confirm",
    .summary = "keep what system enable --trial began",
    .options = (const struct verb_option[]){{"json", NULL, "print JSON"}, {0}},
    .run = run_confirm,
};

/* --- status ----------------------------------------------------------------------------------- */

static int run_status(const struct verb *verb, int argc, char **argv)
{
    bool json;
    if (!options_only_json(verb, argc, argv, &json))
        return STATUS_TROUBLE;
    const char *state = preload_is_in_force()  ? "in force"
                        : preload_is_enabled() ? "enabled, but not in force since this boot"
                                               : "not enabled";
    char *foreign = preload_foreign_lines();
    if (json) {
        json_begin(NULL, '{');
        json_bool("enabled", preload_is_enabled());
        json_bool("in_force", preload_is_in_force());
        json_bool("trial", preload_is_on_trial());
        json_bool("audit", config_is_audited());
        json_bool("kernel_says_off", kernel_says_off());
        json_string("foreign_lines", foreign);
        json_end('}');
        json_newline();
    } else {
        printf("compatmalloc in all programs: %s%s%s%s\n", state, preload_is_on_trial() ? ", on trial" : "",
               config_is_audited() ? ", reports only" : "",
               kernel_says_off() ? ", compatmalloc=off on the kernel command line" : "");
    }
    free(foreign);
    return preload_is_in_force() ? STATUS_GOOD : STATUS_BAD;
}

const struct verb verb_system_status = {
    .name = "system status",
    .summary = "succeed if programs that start now get compatmalloc from /etc/ld.so.preload",
    .options = (const struct verb_option[]){{"json", NULL, "print JSON"}, {0}},
    .run = run_status,
};

/* --- boot and shutdown -------------------------------------------------------------------------- */

/* Not this boot; perhaps the next one. */
static bool put_to_sleep(void)
{
    static const char text[] =
        "compatmalloc is enabled in all programs, and will be put into " PRELOAD_FILE " again by\n" SERVICE
        ". 'compatmallocctl system disable' takes this file away.\n";
    return !preload_has_line() ||
           (complain_of(ASLEEP_FILE, file_replace(ASLEEP_FILE, text, sizeof text - 1)) &&
            complain_of(PRELOAD_FILE, preload_remove_line()));
}

static int wake(void)
{
    if (preload_is_in_force())
        return STATUS_GOOD;
    if (preload_is_on_trial()) {
        puts("the trial of compatmalloc in all programs was not confirmed before the machine went down: it "
             "is taken out");
        return take_out() ? STATUS_GOOD : STATUS_TROUBLE;
    }
    /* After a power failure the line is still there, and the dynamic loader complains of it. */
    if (!put_to_sleep())
        return STATUS_TROUBLE;
    if (kernel_says_off()) {
        puts("compatmalloc=off on the kernel command line: all programs run without it until the next boot");
        return STATUS_GOOD;
    }
    char *problem = library_trouble();
    if (problem) {
        trouble("the library is not sound, and is left out of all programs: %s", problem);
        free(problem);
        return STATUS_BAD;
    }
    return complain_of(LINK_ROOT, preload_make_links()) && complain_of(PRELOAD_FILE, preload_add_line()) &&
                   complain_of(ASLEEP_FILE, file_remove(ASLEEP_FILE))
               ? STATUS_GOOD
               : STATUS_TROUBLE;
}

static int run_wake(const struct verb *verb, int argc, char **argv)
{
    (void)verb;
    (void)argc;
    (void)argv;
    return preload_is_enabled() ? wake() : STATUS_GOOD;
}

static int run_sleep(const struct verb *verb, int argc, char **argv)
{
    (void)verb;
    (void)argc;
    (void)argv;
    return put_to_sleep() ? STATUS_GOOD : STATUS_TROUBLE;
}

const struct verb verb_system_wake = {
    .name = "system wake",
    .summary = "for compatmalloc-preload.service: put the library into all programs as the machine comes up",
    .is_internal = true,
    .run = run_wake,
};

const struct verb verb_system_sleep = {
    .name = "system sleep",
    .summary = "for compatmalloc-preload.service: take it out again as the machine goes down",
    .is_internal = true,
    .run = run_sleep,
};
