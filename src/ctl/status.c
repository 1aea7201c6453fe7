/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* status: a table of all processes for people, or JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "json.h"
#include "processes.h"
#include "standing.h"
#include "table.h"
#include "units.h"

static char *age_in_words(uint64_t seconds)
{
    if (seconds < 3600)
        return text_of("%" PRIu64 "min", seconds / 60);
    return seconds < UINT64_C(2) * 86400 ? text_of("%" PRIu64 "h", seconds / 3600)
                                         : text_of("%" PRIu64 "d", seconds / 86400);
}

static void add_row(struct table *table, const struct process *p)
{
    enum standing standing = process_standing(p);
    unsigned events = events_of_process(p->pid);
    char *profile = process_profile_in_words(p);
    char *pid = text_of("%ld", (long)p->pid), *age = age_in_words(p->age);
    char *memory = text_of("%" PRIu64 "M", (p->resident + (1 << 19)) >> 20), *count = text_of("%u", events);
    table_cell(table, PLAIN, p->unit ? p->unit : "-");
    table_cell(table, PLAIN, pid);
    table_cell(table, standing_colour(standing), standing_word(standing));
    table_cell(table, PLAIN, profile);
    table_cell(table, PLAIN, age);
    table_cell(table, PLAIN, memory);
    table_cell(table, events > 0 ? RED : PLAIN, count);
    table_cell(table, PLAIN, p->program);
    free(profile);
    free(pid);
    free(age);
    free(memory);
    free(count);
}

static void print_table(const struct processes *processes)
{
    struct table *table = table_begin((const char *[]){"UNIT", ">PID", "PROTECTED", "PROFILE", ">UP",
                                                       ">MEMORY", ">EVENTS", "PROGRAM", NULL});
    size_t restarts = 0;
    for (size_t i = 0; i < processes->count; i++) {
        add_row(table, &processes->list[i]);
        restarts += process_standing(&processes->list[i]) == STANDS_NEEDS_RESTART;
    }
    table_end(table);
    size_t unknown = processes_count(processes, UNREADABLE);
    printf("\n%zu of %zu processes protected", processes_count(processes, PROTECTED), processes->count);
    if (restarts > 0)
        printf(", %zu enabled and not yet restarted", restarts);
    if (unknown > 0)
        printf(", %zu unknown: only root can look at other users' processes", unknown);
    putchar('\n');
}

static void print_json(const struct processes *processes)
{
    json_begin(NULL, '{');
    standings_print_json(processes);
    json_end('}');
    json_newline();
}

static int run(const struct verb *verb, int argc, char **argv)
{
    bool json;
    if (!options_only_json(verb, argc, argv, &json))
        return STATUS_TROUBLE;
    struct processes processes;
    if (!processes_read(&processes))
        return trouble("cannot list the processes in /proc: %s", strerror(errno));
    for (size_t i = 0; i < processes.count; i++)
        process_read_details(&processes.list[i]);
    if (json)
        print_json(&processes);
    else
        print_table(&processes);
    processes_free(&processes);
    return STATUS_GOOD;
}

const struct verb verb_status = {
    .name = "status",
    .summary = "list the processes of each unit: protected or not, profile, memory, events",
    .options = (const struct verb_option[]){{"json", NULL, "print JSON"}, {0}},
    .run = run,
};
