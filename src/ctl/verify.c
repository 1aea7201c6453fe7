/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* verify: an exit status for scripts and monitoring, with the reasons in words or JSON. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "processes.h"
#include "units.h"

/* Without any, all processes. */
struct question {
    pid_t pid;
    const char *unit;
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

static int verify(const struct question *question)
{
    struct processes processes;
    if (!read_asked_for(question, &processes))
        return STATUS_TROUBLE;
    if (question->json)
        processes_print_json(&processes);
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

int verb_verify(int argc, char **argv)
{
    static const struct option known[] = {{"pid", required_argument, NULL, 'p'},
                                          {"unit", required_argument, NULL, 'u'},
                                          {"all", no_argument, NULL, 'a'},
                                          {"json", no_argument, NULL, 'j'},
                                          {0}};
    struct question question = {0};
    int chosen, given = 0;

    opterr = 0;
    while ((chosen = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (chosen == '?')
            return usage_trouble("verify: '%s' is no option of verify, or lacks its value", argv[optind - 1]);
        if (chosen == 'p' && !parse_pid(optarg, &question.pid))
            return usage_trouble("verify: '%s' is no process's number", optarg);
        if (chosen == 'u')
            question.unit = optarg;
        if (chosen == 'j')
            question.json = true;
        else
            given++;
    }
    if (given > 1 || optind < argc)
        return usage_trouble("verify: give one of --pid=PID, --unit=UNIT and --all");
    return verify(&question);
}
