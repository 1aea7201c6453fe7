/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* verify: an exit status for scripts and monitoring, with the reasons in words or JSON. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "json.h"
#include "processes.h"
#include "units.h"

/* Without any, all processes. */
struct question {
    pid_t pid;
    const char *unit;
    unsigned wait; /* seconds that the one process may take until it is protected */
    bool json;
};

/* --- which processes -------------------------------------------------------------------------- */

static bool parse_pid(const char *text, pid_t *pid)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    *pid = (pid_t)number;
    return errno == 0 && end != text && *end == '\0' && number > 0 && number <= INT_MAX;
}

/* As systemctl does it: without one of these, a service is meant. A dot alone tells nothing: php8.2-fpm. */
static bool names_kind_of_unit(const char *unit)
{
    static const char *const kinds[] = {".service", ".scope", ".socket", ".mount", ".swap"};
    const char *last_dot = strrchr(unit, '.');
    for (size_t i = 0; last_dot && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(last_dot, kinds[i]) == 0)
            return true;
    return false;
}

static bool keep_only_unit(struct processes *processes, const char *unit)
{
    size_t kept = 0;
    for (size_t i = 0; i < processes->count; i++) {
        struct process *process = &processes->list[i];
        if (process->unit && strcmp(process->unit, unit) == 0)
            processes->list[kept++] = *process;
        else
            process_free(process);
    }
    processes->count = kept;
    if (kept > 0)
        return true;
    processes_free(processes);
    trouble(
        "%s: no running process; 'systemctl show --property=Id,ActiveState %s' tells its real name and state",
        unit, unit);
    return false;
}

static bool read_one(pid_t pid, struct processes *processes)
{
    *processes = (struct processes){.list = malloc(sizeof *processes->list), .count = 1};
    if (processes->list && process_read(pid, processes->list))
        return true;
    int reason = errno;
    free(processes->list);
    if (reason == ESRCH)
        trouble("PID %ld: no such process, or one without memory of its own (a kernel thread, a zombie)",
                (long)pid);
    else
        trouble("PID %ld: %s", (long)pid, strerror(reason));
    return false;
}

static bool read_all(struct processes *processes)
{
    bool done = processes_read(processes);
    if (!done)
        trouble("cannot list the processes in /proc: %s", strerror(errno));
    return done;
}

static bool read_unit(const char *unit, struct processes *processes)
{
    if (!units_are_known()) {
        trouble("this compatmallocctl was built without libsystemd and does not know of units; use --pid");
        return false;
    }
    char *name = NULL;
    if (asprintf(&name, "%s%s", unit, names_kind_of_unit(unit) ? "" : ".service") < 0) {
        trouble("%s", strerror(errno));
        return false;
    }
    bool found = read_all(processes) && keep_only_unit(processes, name);
    free(name);
    return found;
}

/* Says what is the matter if it fails. */
static bool read_asked_for(const struct question *question, struct processes *processes)
{
    if (question->pid)
        return read_one(question->pid, processes);
    if (question->unit)
        return read_unit(question->unit, processes);
    return read_all(processes);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void print_words(const struct processes *processes)
{
    static const char *const words[] = {
        [UNPROTECTED] = "not protected", [UNREADABLE] = "cannot be looked at; try as root"};
    for (size_t i = 0; i < processes->count; i++) {
        const struct process *p = &processes->list[i];
        if (p->protection != PROTECTED)
            printf("%s (PID %ld%s%s): %s\n", p->program, (long)p->pid, p->unit ? ", " : "",
                   p->unit ? p->unit : "", words[p->protection]);
    }
    printf("%zu of %zu processes protected\n", processes_count(processes, PROTECTED), processes->count);
}

static void print_json(const struct processes *processes)
{
    json_begin(NULL, '{');
    processes_print_counts_json(processes);
    json_begin("processes", '[');
    for (size_t i = 0; i < processes->count; i++) {
        json_begin(NULL, '{');
        process_print_json(&processes->list[i]);
        json_end('}');
    }
    json_end(']');
    json_end('}');
    json_newline();
}

/* A process that was just forked has not loaded anything yet, and one that is to become another program (env,
 * a shell's exec) may have loaded it for the moments until then: it has to be seen protected for a while.
 * What was not protected after all that time is not going to be; what has ended needs nothing. */
static void wait_until_protected(const struct question *question)
{
    enum {
        STEPS_PER_SECOND = 50,
        LOOKS_IN_A_ROW = 10
    };
    unsigned seen = 0;
    for (unsigned step = 0; question->pid && step < question->wait * STEPS_PER_SECOND; step++) {
        struct process process;
        if (!process_read(question->pid, &process))
            return;
        seen = process.protection == PROTECTED ? seen + 1 : 0;
        process_free(&process);
        if (seen == LOOKS_IN_A_ROW)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000000 / STEPS_PER_SECOND}, NULL);
    }
}

static int verify(const struct question *question)
{
    struct processes processes;
    wait_until_protected(question);
    if (!read_asked_for(question, &processes))
        return STATUS_TROUBLE;
    if (question->json)
        print_json(&processes);
    else
        print_words(&processes);
    int status = STATUS_GOOD;
    if (processes_count(&processes, UNPROTECTED) > 0)
        status = STATUS_BAD;
    else if (processes_count(&processes, UNREADABLE) > 0)
        status = STATUS_TROUBLE;
    processes_free(&processes);
    return status;
}

static bool read_question(struct question *question, const char *name, const char *value, int *chosen)
{
    pid_t seconds;
    if (strcmp(name, "json") == 0) {
        question->json = true;
        return true;
    }
    if (strcmp(name, "wait") == 0) {
        bool understood = parse_pid(value, &seconds) && seconds <= 3600;
        question->wait = understood ? (unsigned)seconds : 0;
        if (!understood)
            usage_trouble("verify: '%s' is no number of seconds", value);
        return understood;
    }
    ++*chosen;
    if (strcmp(name, "unit") == 0)
        question->unit = value;
    if (strcmp(name, "pid") == 0 && !parse_pid(value, &question->pid)) {
        usage_trouble("verify: '%s' is no process's number", value);
        return false;
    }
    return true;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    struct question question = {0};
    const char *name, *value;
    int chosen = 0;
    while (options_next(&options, &name, &value))
        if (!read_question(&question, name, value, &chosen))
            return STATUS_TROUBLE;
    if (options.failed)
        return STATUS_TROUBLE;
    if (chosen > 1 || optind < argc)
        return usage_trouble("verify: give one of --pid=PID, --unit=UNIT and --all");
    if (question.wait && !question.pid)
        return usage_trouble("verify: --wait goes with --pid");
    return verify(&question);
}

const struct verb verb_verify = {
    .name = "verify",
    .summary = "succeed only if the processes asked for, by default all, are protected",
    .options =
        (const struct verb_option[]){
            {"pid", "PID", "one process"},
            {"unit", "UNIT", "all processes of a service or scope"},
            {"all", NULL, "all processes, as without any of these"},
            {"wait", "SECONDS",
             "with --pid: how long it may take to load the library, if it was just started"},
            {"json", NULL, "print JSON"},
            {0}},
    .run = run,
};
