/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* events: what compatmalloc has reported, from the journal. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "explanations.h"
#include "journal.h"
#include "json.h"
#include "manager.h"
#include "table.h"
#include "times.h"

static char *time_in_words(uint64_t microseconds)
{
    char text[32];
    struct tm when;
    time_t seconds = (time_t)(microseconds / 1000000u);
    localtime_r(&seconds, &when);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &when);
    return text_of("%s", text);
}

static void print_line(const struct event *event)
{
    char *id = event_id(event), *time = time_in_words(event->time);
    printf("%s  %s  %s%s%s  ", id, time, colour_on(RED), event->kind ? event->kind : "-", colour_off(RED));
    table_print_harmless(event->unit ? event->unit : "-");
    printf("  ");
    table_print_harmless(event->program ? event->program : "-");
    putchar('\n');
    free(id);
    free(time);
}

/* As they come in, one line each: a table would not know how wide it has to be. */
static int follow(sd_journal *journal, const struct event_filter *filter, bool json)
{
    struct event event;
    for (;;) {
        while (journal_next(journal, filter, &event)) {
            if (json) {
                event_print_json(&event);
                json_newline();
            } else {
                print_line(&event);
            }
            event_free(&event);
        }
        if (fflush(stdout) != 0)
            return STATUS_TROUBLE;
        int result = sd_journal_wait(journal, UINT64_MAX);
        if (result < 0)
            return trouble("cannot wait for the journal: %s", strerror(-result));
    }
}

static void add_row(struct table *table, const struct event *event)
{
    char *id = event_id(event), *time = time_in_words(event->time);
    table_cell(table, PLAIN, id);
    table_cell(table, PLAIN, time);
    table_cell(table, RED, event->kind ? event->kind : "-");
    table_cell(table, PLAIN, event->unit ? event->unit : "-");
    table_cell(table, PLAIN, event->pid ? event->pid : "-");
    table_cell(table, PLAIN, event->program ? event->program : "-");
    free(id);
    free(time);
}

static int list(sd_journal *journal, const struct event_filter *filter, bool json)
{
    struct event event;
    size_t count = 0;
    struct table *table = NULL;
    if (json)
        json_begin(NULL, '[');
    for (; journal_next(journal, filter, &event); count++) {
        if (!json && count == 0)
            table = table_begin((const char *[]){"EVENT", "TIME", "KIND", "UNIT", ">PID", "PROGRAM", NULL});
        if (json)
            event_print_json(&event);
        else
            add_row(table, &event);
        event_free(&event);
    }
    if (json) {
        json_end(']');
        json_newline();
    } else if (table) {
        table_end(table);
        printf("\n%zu event%s; 'compatmallocctl explain EVENT' tells more\n", count, count == 1 ? "" : "s");
    } else {
        puts("no events");
    }
    return STATUS_GOOD;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    struct event_filter filter = {0};
    const char *name, *value;
    char *unit = NULL;
    bool json = false, following = false;
    while (options_next(&options, &name, &value)) {
        if (strcmp(name, "since") == 0 && !parse_time(value, &filter.since))
            return usage_trouble("events: '%s' is no time, such as today, -2h, or 2026-11-22 10:00", value);
        if (strcmp(name, "kind") == 0 && !explanation_of((filter.kind = value)))
            return usage_trouble("events: '%s' is no kind of report; compatmalloc(7) lists them", value);
        if (strcmp(name, "unit") == 0)
            filter.unit = unit = manager_unit_name(value);
        json = json || strcmp(name, "json") == 0;
        following = following || strcmp(name, "follow") == 0;
    }
    if (!options_end(&options))
        return STATUS_TROUBLE;
    sd_journal *journal = journal_open(&filter);
    int status = !journal    ? STATUS_TROUBLE
                 : following ? follow(journal, &filter, json)
                             : list(journal, &filter, json);
    sd_journal_close(journal);
    free(unit);
    return status;
}

const struct verb verb_events = {
    .name = "events",
    .summary = "list what compatmalloc has reported, from the journal",
    .options = (const struct verb_option[]){{"since", "TIME", "from then on: today, -2h, '2026-11-22 10:00'"},
                                            {"unit", "UNIT", "of this unit"},
                                            {"kind", "KIND", "of this kind, such as double-free"},
                                            {"follow", NULL, "go on, and say what comes in"},
                                            {"json", NULL, "print JSON; with --follow one object a line"},
                                            {0}},
    .run = run,
};
