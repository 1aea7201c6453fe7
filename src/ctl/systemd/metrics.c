/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* metrics: how many processes are protected and what was reported, for Prometheus' node exporter (textfile
 * collector). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "compatmalloc.h"
#include "ctl.h"
#include "explanations.h"
#include "file.h"
#include "journal.h"
#include "preload_file.h"
#include "processes.h"
#include "standing.h"

static void print_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP compatmalloc_%s %s\n# TYPE compatmalloc_%s %s\n", name, help, name, type);
}

/* False if they cannot be listed. */
static bool print_processes(FILE *out)
{
    static const char *const labels[STANDINGS] = {
        [STANDS_PROTECTED] = "protected",     [STANDS_AUDITED] = "audited",
        [STANDS_EXEMPT] = "exempt",           [STANDS_NEEDS_RESTART] = "needs_restart",
        [STANDS_UNPROTECTED] = "unprotected", [STANDS_UNKNOWN] = "unknown"};
    size_t counts[STANDINGS] = {0};
    struct processes processes;
    if (!processes_read(&processes))
        return false;
    for (size_t i = 0; i < processes.count; i++) {
        process_read_details(&processes.list[i]);
        counts[process_standing(&processes.list[i])]++;
    }
    processes_free(&processes);
    print_head(out, "processes", "gauge", "Processes by how they stand to compatmalloc.");
    for (int s = 0; s < STANDINGS; s++)
        fprintf(out, "compatmalloc_processes{state=\"%s\"} %zu\n", labels[s], counts[s]);
    return true;
}

struct tally {
    char *unit, *kind;
    unsigned count;
};

struct tallies {
    struct tally *list;
    size_t count;
};

/* Takes the two strings over. */
static void count_event(struct tallies *tallies, char *unit, char *kind)
{
    for (size_t i = 0; i < tallies->count; i++)
        if (strcmp(tallies->list[i].unit, unit) == 0 && strcmp(tallies->list[i].kind, kind) == 0) {
            tallies->list[i].count++;
            free(unit);
            free(kind);
            return;
        }
    struct tally *longer = reallocarray(tallies->list, tallies->count + 1, sizeof *longer);
    if (!longer)
        exit(trouble("out of memory"));
    tallies->list = longer;
    longer[tallies->count++] = (struct tally){unit, kind, 1};
}

/* Quotes, backslashes and line ends would end a label. */
static void print_label(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            fputs("\\n", out);
        else
            fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
}

static bool print_events(FILE *out)
{
    sd_id128_t boot;
    char id[SD_ID128_STRING_MAX];
    struct tallies tallies = {0};
    struct event event;
    uint64_t last = 0;
    sd_id128_get_boot(&boot);
    sd_journal *journal = journal_open(&(struct event_filter){.boot = sd_id128_to_string(boot, id)});
    if (!journal)
        return false;
    while (journal_next(journal, &event)) {
        last = event.time;
        count_event(&tallies, text_of("%s", event.unit ? event.unit : ""),
                    text_of("%s", event.kind ? event.kind : ""));
        event_free(&event);
    }
    sd_journal_close(journal);

    print_head(out, "events_total", "counter", "Reports since the machine was started, by kind.");
    for (const struct explanation *e = explanations; e->kind; e++) {
        unsigned count = 0;
        for (size_t i = 0; i < tallies.count; i++)
            count += strcmp(tallies.list[i].kind, e->kind) == 0 ? tallies.list[i].count : 0;
        fprintf(out, "compatmalloc_events_total{kind=\"%s\"} %u\n", e->kind, count);
    }
    print_head(out, "unit_events_total", "counter", "The same, by systemd's unit.");
    for (size_t i = 0; i < tallies.count; i++) {
        fputs("compatmalloc_unit_events_total{unit=\"", out);
        print_label(out, tallies.list[i].unit);
        fputs("\",kind=\"", out);
        print_label(out, tallies.list[i].kind);
        fprintf(out, "\"} %u\n", tallies.list[i].count);
        free(tallies.list[i].unit);
        free(tallies.list[i].kind);
    }
    free(tallies.list);
    print_head(out, "last_event_timestamp_seconds", "gauge", "When the last of them was made; 0 for none.");
    fprintf(out, "compatmalloc_last_event_timestamp_seconds %" PRIu64 ".%03u\n", last / 1000000,
            (unsigned)(last / 1000 % 1000));
    return true;
}

static void print_machine(FILE *out)
{
    print_head(out, "info", "gauge", "The version of compatmallocctl.");
    fprintf(out, "compatmalloc_info{version=\"%s\"} 1\n", COMPATMALLOC_VERSION_STRING);
    print_head(out, "system_wide", "gauge",
               "Whether programs that start now get the library from /etc/ld.so.preload.");
    fprintf(out, "compatmalloc_system_wide %d\n", preload_is_in_force());
    print_head(out, "trial", "gauge", "Whether that is on trial and not confirmed.");
    fprintf(out, "compatmalloc_trial %d\n", access(TRIAL_FILE, F_OK) == 0);
}

static int print_to(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return trouble("%s", strerror(errno));
    print_machine(out);
    bool complete = print_processes(out) && print_events(out);
    if (fclose(out) != 0 || !complete) {
        free(text);
        return trouble("the metrics are not complete and have not been written");
    }
    int status = STATUS_GOOD;
    if (!path)
        fwrite(text, 1, length, stdout);
    else if (!file_replace(path, text, length))
        status = trouble("%s: %s", path, strerror(errno));
    free(text);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    const char *name, *value, *path = NULL;
    while (options_next(&options, &name, &value))
        path = value;
    return options_end(&options) ? print_to(path) : STATUS_TROUBLE;
}

const struct verb verb_metrics = {
    .name = "metrics",
    .summary = "say how many processes are protected and what was reported, for Prometheus",
    .options =
        (const struct verb_option[]){
            {"output", "FILE", "into this file at once, for the node exporter's textfile collector"}, {0}},
    .run = run,
};
