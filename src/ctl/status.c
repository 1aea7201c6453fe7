/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* status: a table of all processes for people, or JSON. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "processes.h"

static const struct {
    const char *word, *colour;
} words[] = {
    [PROTECTED] = {"yes", "\033[32m"},
    [UNPROTECTED] = {"no", "\033[31m"},
    [UNREADABLE] = {"unknown", "\033[33m"},
};

static int widest_unit(const struct processes *processes)
{
    size_t widest = strlen("UNIT");
    for (size_t i = 0; i < processes->count; i++) {
        const char *unit = processes->list[i].unit;
        if (unit && strlen(unit) > widest)
            widest = strlen(unit);
    }
    return (int)widest;
}

/* A file name may hold what moves the cursor. */
static void print_harmless(const char *name)
{
    for (; *name; name++)
        putchar((unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name);
    putchar('\n');
}

static void print_table(const struct processes *processes)
{
    bool coloured = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    int width = widest_unit(processes);

    printf("%-*s  %7s  PROTECTED  PROGRAM\n", width, "UNIT", "PID");
    for (size_t i = 0; i < processes->count; i++) {
        const struct process *p = &processes->list[i];
        printf("%-*s  %7ld  %s%-9s%s  ", width, p->unit ? p->unit : "-", (long)p->pid,
               coloured ? words[p->protection].colour : "", words[p->protection].word,
               coloured ? "\033[0m" : "");
        print_harmless(p->program);
    }
    size_t unknown = processes_count(processes, UNREADABLE);
    printf("\n%zu of %zu processes protected", processes_count(processes, PROTECTED), processes->count);
    if (unknown > 0)
        printf(", %zu unknown: only root can look at other users' processes", unknown);
    putchar('\n');
}

int verb_status(int argc, char **argv)
{
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !json)
        return usage_trouble("status takes no arguments but --json");
    struct processes processes;
    if (!processes_read(&processes))
        return trouble("cannot list the processes in /proc: %s", strerror(errno));
    if (json)
        processes_print_json(&processes);
    else
        print_table(&processes);
    processes_free(&processes);
    return STATUS_GOOD;
}
