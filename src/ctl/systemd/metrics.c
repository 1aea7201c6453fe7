/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* metrics: how many processes are protected and what was reported, for Prometheus' node exporter (textfile
 * collector). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "compatmalloc.h"
#include "ctl.h"
#include "explanations.h"
#include "file.h"
#include "journal.h"
#include "json.h"
#include "preload_file.h"
#include "processes.h"
#include "standing.h"

struct tally {
    char *unit, *kind;
    unsigned count;
};

struct metrics {
    size_t processes[STANDINGS];
    struct tally *tallies; /* of events since the machine was started */
    size_t tally_count;
    uint64_t last_event; /* microseconds since 1970, or 0 */
};

static const char *const state_names[STANDINGS] = {
    [STANDS_PROTECTED] = "protected",     [STANDS_AUDITED] = "audited",
    [STANDS_EXEMPT] = "exempt",           [STANDS_NEEDS_RESTART] = "needs_restart",
    [STANDS_UNPROTECTED] = "unprotected", [STANDS_UNKNOWN] = "unknown"};

/* --- gathering -------------------------------------------------------------------------------- */

static bool count_processes(struct metrics *metrics)
{
    struct processes processes;
    if (!processes_read(&processes))
        return false;
    for (size_t i = 0; i < processes.count; i++) {
        process_read_details(&processes.list[i]);
        metrics->processes[process_standing(&processes.list[i])]++;
    }
    processes_free(&processes);
    return true;
}

static void count_event(struct metrics *metrics, const struct event *event)
{
    const char *unit = event->unit ? event->unit : "", *kind = event->kind ? event->kind : "";
    metrics->last_event = event->time;
    for (size_t i = 0; i < metrics->tally_count; i++) {
        struct tally *tally = &metrics->tallies[i];
        if (strcmp(tally->unit, unit) == 0 && strcmp(tally->kind, kind) == 0) {
            tally->count++;
            return;
        }
    }
    struct tally *longer = reallocarray(metrics->tallies, metrics->tally_count + 1, sizeof *longer);
    if (!longer)
        exit(trouble("out of memory"));
    metrics->tallies = longer;
    longer[metrics->tally_count++] = (struct tally){text_of("%s", unit), text_of("%s", kind), 1};
}

static bool count_events(struct metrics *metrics)
{
    sd_id128_t boot;
    char id[SD_ID128_STRING_MAX];
    struct event event;
    sd_id128_get_boot(&boot);
    struct event_filter filter = {.boot = sd_id128_to_string(boot, id)};
    sd_journal *journal = journal_open(&filter);
    if (!journal)
        return false;
    while (journal_next(journal, &filter, &event)) {
        count_event(metrics, &event);
        event_free(&event);
    }
    sd_journal_close(journal);
    return true;
}

static unsigned events_of_kind(const struct metrics *metrics, const char *kind)
{
    unsigned count = 0;
    for (size_t i = 0; i < metrics->tally_count; i++)
        count += strcmp(metrics->tallies[i].kind, kind) == 0 ? metrics->tallies[i].count : 0;
    return count;
}

static void forget(struct metrics *metrics)
{
    for (size_t i = 0; i < metrics->tally_count; i++) {
        free(metrics->tallies[i].unit);
        free(metrics->tallies[i].kind);
    }
    free(metrics->tallies);
}

/* --- for Prometheus --------------------------------------------------------------------------- */

static void print_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP compatmalloc_%s %s\n# TYPE compatmalloc_%s %s\n", name, help, name, type);
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

static void print_machine(FILE *out)
{
    print_head(out, "info", "gauge", "The version of compatmallocctl.");
    fprintf(out, "compatmalloc_info{version=\"%s\"} 1\n", COMPATMALLOC_VERSION_STRING);
    print_head(out, "system_wide", "gauge",
               "Whether programs that start now get the library from /etc/ld.so.preload.");
    fprintf(out, "compatmalloc_system_wide %d\n", preload_is_in_force());
    print_head(out, "trial", "gauge", "Whether that is on trial and not confirmed.");
    fprintf(out, "compatmalloc_trial %d\n", preload_is_on_trial());
}

static void print_events(FILE *out, const struct metrics *metrics)
{
    print_head(out, "events_total", "counter", "Reports since the machine was started, by kind.");
    for (const struct explanation *e = explanations; e->kind; e++)
        fprintf(out, "compatmalloc_events_total{kind=\"%s\"} %u\n", e->kind,
                events_of_kind(metrics, e->kind));
    print_head(out, "unit_events_total", "counter", "The same, by systemd's unit.");
    for (size_t i = 0; i < metrics->tally_count; i++) {
        fputs("compatmalloc_unit_events_total{unit=\"", out);
        print_label(out, metrics->tallies[i].unit);
        fputs("\",kind=\"", out);
        print_label(out, metrics->tallies[i].kind);
        fprintf(out, "\"} %u\n", metrics->tallies[i].count);
    }
    print_head(out, "last_event_timestamp_seconds", "gauge", "When the last of them was made; 0 for none.");
    fprintf(out, "compatmalloc_last_event_timestamp_seconds %" PRIu64 ".%03u\n",
            metrics->last_event / 1000000, (unsigned)(metrics->last_event / 1000 % 1000));
}

static int print_for_prometheus(const struct metrics *metrics, const char *path)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return trouble("%s", strerror(errno));
    print_machine(out);
    print_head(out, "processes", "gauge", "Processes by how they stand to compatmalloc.");
    for (int s = 0; s < STANDINGS; s++)
        fprintf(out, "compatmalloc_processes{state=\"%s\"} %zu\n", state_names[s], metrics->processes[s]);
    print_events(out, metrics);
    int status = STATUS_GOOD;
    if (fclose(out) != 0 || (path && !file_replace(path, text, length)))
        status = trouble("%s: %s", path ? path : "standard output", strerror(errno));
    else if (!path)
        fwrite(text, 1, length, stdout);
    free(text);
    return status;
}

/* --- as data ---------------------------------------------------------------------------------- */

static void print_json(const struct metrics *metrics)
{
    json_begin(NULL, '{');
    json_string("version", COMPATMALLOC_VERSION_STRING);
    json_bool("system_wide", preload_is_in_force());
    json_bool("trial", preload_is_on_trial());
    json_begin("processes", '{');
    for (int s = 0; s < STANDINGS; s++)
        json_number(state_names[s], metrics->processes[s]);
    json_end('}');
    json_begin("events", '{');
    for (const struct explanation *e = explanations; e->kind; e++)
        json_number(e->kind, events_of_kind(metrics, e->kind));
    json_end('}');
    json_begin("unit_events", '[');
    for (size_t i = 0; i < metrics->tally_count; i++) {
        json_begin(NULL, '{');
        json_string("unit", *metrics->tallies[i].unit ? metrics->tallies[i].unit : NULL);
        json_string("kind", metrics->tallies[i].kind);
        json_number("count", metrics->tallies[i].count);
        json_end('}');
    }
    json_end(']');
    if (metrics->last_event)
        json_number("last_event", metrics->last_event);
    else
        json_null("last_event");
    json_end('}');
    json_newline();
}

static int run(const struct verb *verb, int argc, char **argv)
{
    const char *path;
    bool json;
    if (!options_file_and_json(verb, argc, argv, &path, &json))
        return STATUS_TROUBLE;
    if (path && json)
        return usage_trouble("metrics: --output is for the node exporter, which does not read JSON");
    struct metrics metrics = {0};
    int status = STATUS_GOOD;
    if (!count_processes(&metrics) || !count_events(&metrics))
        status = trouble("the metrics are not complete and have not been written");
    else if (json)
        print_json(&metrics);
    else
        status = print_for_prometheus(&metrics, path);
    forget(&metrics);
    return status;
}

const struct verb verb_metrics = {
    .name = "metrics",
    .summary = "say how many processes are protected and what was reported, for Prometheus",
    .options = (const struct verb_option[]){{"output", "FILE",
                                             "into this file at once, for the node exporter's textfile "
                                             "collector"},
                                            {"json", NULL, "print JSON, not the format of Prometheus"},
                                            {0}},
    .run = run,
};
