/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "journal.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "json.h"
#include "report.h"
#include "spawn.h"
#include "table.h"

static void add_match(sd_journal *journal, const char *field, const char *value)
{
    char *match = text_of("%s=%s", field, value);
    sd_journal_add_match(journal, match, 0);
    free(match);
}

sd_journal *journal_open(const struct event_filter *filter)
{
    sd_journal *journal = NULL;
    int result = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
    if (result < 0) {
        trouble("cannot read the journal: %s", strerror(-result));
        return NULL;
    }
    add_match(journal, "MESSAGE_ID", REPORT_MESSAGE_ID);
    if (filter->kind)
        add_match(journal, "COMPATMALLOC_KIND", filter->kind);
    if (filter->boot)
        add_match(journal, "_BOOT_ID", filter->boot);
    if (filter->since)
        sd_journal_seek_realtime_usec(journal, filter->since);
    else
        sd_journal_seek_head(journal);
    return journal;
}

/* A field's value, to be freed, or NULL. */
static char *field(sd_journal *journal, const char *name)
{
    const void *data;
    size_t length, skip = strlen(name) + 1;
    if (sd_journal_get_data(journal, name, &data, &length) < 0 || length < skip)
        return NULL;
    return text_of("%.*s", (int)(length - skip), (const char *)data + skip);
}

/* "nginx.service" from "/system.slice/nginx.service/worker": what comes first behind the slices. NULL if that
 * is no unit with processes. To be freed. */
static char *unit_of_cgroup(const char *path)
{
    for (size_t length; *path; path += length) {
        path += strspn(path, "/");
        length = strcspn(path, "/");
        const char *dot = memrchr(path, '.', length);
        size_t kind = dot ? (size_t)(path + length - dot) : 0;
        if (kind == strlen(".slice") && strncmp(dot, ".slice", kind) == 0)
            continue;
        bool is_unit = (kind == strlen(".service") && strncmp(dot, ".service", kind) == 0) ||
                       (kind == strlen(".scope") && strncmp(dot, ".scope", kind) == 0);
        /* So systemd tells its own names from the kernel's. */
        size_t skip = *path == '_';
        return is_unit ? text_of("%.*s", (int)(length - skip), path + skip) : NULL;
    }
    return NULL;
}

static const struct {
    size_t offset;
    const char *field;
} members[] = {
    {offsetof(struct event, message), "MESSAGE"},
    {offsetof(struct event, kind), "COMPATMALLOC_KIND"},
    {offsetof(struct event, program), "COMPATMALLOC_PROGRAM"},
    {offsetof(struct event, unit), "_SYSTEMD_UNIT"},
    {offsetof(struct event, pid), "_PID"},
    {offsetof(struct event, operation), "COMPATMALLOC_OPERATION"},
    {offsetof(struct event, address), "COMPATMALLOC_ADDRESS"},
    {offsetof(struct event, size), "COMPATMALLOC_SIZE"},
    {offsetof(struct event, slot_size), "COMPATMALLOC_SLOT_SIZE"},
    {offsetof(struct event, offset), "COMPATMALLOC_OFFSET"},
    {offsetof(struct event, caller), "COMPATMALLOC_CALLER"},
    {offsetof(struct event, version), "COMPATMALLOC_VERSION"},
    {offsetof(struct event, host), "_HOSTNAME"},
};

static char **member(struct event *event, size_t i)
{
    return (char **)(void *)((char *)event + members[i].offset);
}

/* The process may have gone before the journal could ask whose it was; then its own word counts. */
static void complete_unit(sd_journal *journal, struct event *event)
{
    char *cgroup = event->unit ? NULL : field(journal, "COMPATMALLOC_CGROUP");
    if (cgroup)
        event->unit = unit_of_cgroup(cgroup);
    free(cgroup);
}

bool journal_next(sd_journal *journal, const struct event_filter *filter, struct event *event)
{
    while (sd_journal_next(journal) > 0) {
        *event = (struct event){0};
        if (sd_journal_get_realtime_usec(journal, &event->time) < 0)
            return false;
        for (size_t i = 0; i < sizeof members / sizeof *members; i++)
            *member(event, i) = field(journal, members[i].field);
        complete_unit(journal, event);
        if (!filter->unit || (event->unit && strcmp(event->unit, filter->unit) == 0))
            return true;
        event_free(event);
    }
    return false;
}

void event_free(struct event *event)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        free(*member(event, i));
}

char *event_id(const struct event *event)
{
    return text_of("%llx", (unsigned long long)event->time);
}

uint64_t event_time_of_id(const char *id)
{
    char *end;
    errno = 0;
    unsigned long long time = strtoull(id, &end, 16);
    return errno != 0 || *end != '\0' || strlen(id) < 10 ? 0 : time;
}

/* --- JSON ------------------------------------------------------------------------------------- */

void event_print_json(const struct event *event)
{
    const struct {
        const char *name, *value;
    } strings[] = {{"kind", event->kind},     {"message", event->message},     {"program", event->program},
                   {"unit", event->unit},     {"operation", event->operation}, {"address", event->address},
                   {"caller", event->caller}, {"version", event->version},     {"host", event->host}};
    const struct {
        const char *name, *value;
    } numbers[] = {{"pid", event->pid},
                   {"size", event->size},
                   {"slot_size", event->slot_size},
                   {"offset", event->offset}};
    char *id = event_id(event);
    json_begin(NULL, '{');
    json_string("id", id);
    json_number("time", event->time);
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        json_string(strings[i].name, strings[i].value);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].value)
            json_number(numbers[i].name, strtoull(numbers[i].value, NULL, 10));
        else
            json_null(numbers[i].name);
    json_end('}');
    free(id);
}

/* --- what became of a unit ------------------------------------------------------------------------ */

/* On a busy machine what systemd has just said is still on its way. */
static void wait_for_journal(void)
{
    const char *const command[] = {"journalctl", "--sync", NULL};
    free(spawn(command, NULL).errors);
}

void journal_print_last(const char *unit, uint64_t since, bool user)
{
    enum {
        LINES = 12
    };
    sd_journal *journal = NULL;
    wait_for_journal();
    if (sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY) < 0)
        return;
    /* What its processes say, and what systemd says about it. */
    add_match(journal, user ? "_SYSTEMD_USER_UNIT" : "_SYSTEMD_UNIT", unit);
    sd_journal_add_disjunction(journal);
    add_match(journal, user ? "USER_UNIT" : "UNIT", unit);
    sd_journal_seek_tail(journal);
    unsigned found = 0;
    uint64_t time;
    while (found < LINES && sd_journal_previous(journal) > 0 &&
           sd_journal_get_realtime_usec(journal, &time) >= 0 && time >= since)
        found++;
    if (found == 0)
        puts("  the journal has nothing about it");
    for (unsigned i = 0; i < found; i++) {
        char *message = field(journal, "MESSAGE");
        char *source = field(journal, "SYSLOG_IDENTIFIER");
        fputs("  journal: ", stdout);
        table_print_harmless(source ? source : "-");
        fputs(": ", stdout);
        table_print_harmless(message ? message : "");
        putchar('\n');
        free(message);
        free(source);
        /* The first step leads from the entry that was too old, or the last one counted. */
        if (i + 1 < found && sd_journal_next(journal) <= 0)
            break;
    }
    sd_journal_close(journal);
}
