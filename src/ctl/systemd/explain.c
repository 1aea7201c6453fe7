/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* explain: one event, or a kind of event, in words, and what to do about it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "explanations.h"
#include "journal.h"
#include "json.h"
#include "table.h"

/* Breaks lines at 78 columns, with two blanks in front. */
static void print_paragraph(const char *text)
{
    while (*text) {
        size_t length = strlen(text), end = length;
        if (length > 76)
            for (end = 76; end > 0 && text[end] != ' '; end--)
                ;
        end = end == 0 ? length : end;
        printf("  %.*s\n", (int)end, text);
        text += end + (text[end] == ' ');
    }
}

static void print_part(const char *title, const char *text)
{
    printf("\n%s%s%s\n", colour_on(BOLD), title, colour_off(BOLD));
    print_paragraph(text);
}

static void print_field(const char *name, const char *value)
{
    if (!value)
        return;
    printf("  %-10s ", name);
    table_print_harmless(value);
    putchar('\n');
}

/* "/usr/lib/x.so+0x1234" for addr2line. */
static void print_caller_hint(const char *caller)
{
    const char *plus = caller ? strrchr(caller, '+') : NULL;
    if (!plus)
        return;
    printf("  Where it was called from, with the program's debugging symbols installed:\n      addr2line "
           "-Cfie ");
    for (const char *at = caller; at < plus; at++)
        putchar((unsigned char)*at < 0x20 ? '?' : *at);
    putchar(' ');
    table_print_harmless(plus + 1);
    putchar('\n');
}

static void print_advice(const struct event *event)
{
    print_part(
        "What to do",
        "It is a bug in the program, which the allocator did not cause and cannot mend. Report it to whoever "
        "makes the program, with what stands above.");
    if (!event)
        return;
    print_caller_hint(event->caller);
    if (event->pid)
        printf("  The state it was in when it ended, if the machine keeps that:\n      coredumpctl gdb %s\n",
               event->pid);
    if (event->program)
        printf(
            "  Until it is mended, if the service matters more than the risk, in this order:\n"
            "      compatmallocctl enable %s --option=on-error=log --now\n      compatmallocctl exempt %s\n",
            event->unit ? event->unit : "UNIT", event->program);
}

static void print_event(const struct event *event)
{
    table_print_harmless(event->message ? event->message : "");
    printf("\n\n");
    print_field("program", event->program);
    print_field("unit", event->unit);
    print_field("process", event->pid);
    print_field("host", event->host);
    print_field("found by", event->operation);
    print_field("block", event->address);
    print_field("size", event->size);
    print_field("offset", event->offset);
    print_field("called at", event->caller);
    print_field("version", event->version);
}

static int explain(const char *kind, const struct event *event, bool json)
{
    const struct explanation *e = kind ? explanation_of(kind) : NULL;
    if (!e)
        return trouble("'%s' is a kind of report that this compatmallocctl does not know", kind ? kind : "-");
    if (json) {
        char *id = event ? event_id(event) : NULL;
        json_begin(NULL, '{');
        json_string("id", id);
        json_string("kind", kind);
        json_string("message", event ? event->message : NULL);
        json_string("program", event ? event->program : NULL);
        json_string("unit", event ? event->unit : NULL);
        json_string("what", e->what);
        json_string("danger", e->danger);
        json_string("look", e->look);
        json_end('}');
        json_newline();
        free(id);
        return STATUS_GOOD;
    }
    if (event)
        print_event(event);
    else
        printf("%s\n", kind);
    print_part("What happened", e->what);
    print_part("Why that is dangerous", e->danger);
    print_part("Where to look", e->look);
    print_advice(event);
    return STATUS_GOOD;
}

/* The event of that time, or the last one. False if there is none. */
static bool find_event(uint64_t time, struct event *event)
{
    struct event_filter filter = {.since = time};
    sd_journal *journal = journal_open(&filter);
    if (!journal)
        return false;
    bool found = journal_next(journal, &filter, event);
    struct event next;
    while (found && time == 0 && journal_next(journal, &filter, &next)) {
        event_free(event);
        *event = next;
    }
    sd_journal_close(journal);
    if (found && time != 0 && event->time != time) {
        event_free(event);
        found = false;
    }
    return found;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    struct event event;
    const char *name, *value;
    bool json = false;
    while (options_next(&options, &name, &value))
        json = true;
    if (options.failed)
        return STATUS_TROUBLE;
    if (argc - optind != 1)
        return usage_trouble("explain: name one event, as 'events' does, a kind of event, or 'last'");
    const char *asked = argv[optind];
    bool last = strcmp(asked, "last") == 0;
    uint64_t time = event_time_of_id(asked);
    if (!last && explanation_of(asked))
        return explain(asked, NULL, json);
    if (!last && time == 0)
        return usage_trouble("explain: '%s' is neither an event, as 'events' names them, nor a kind of event",
                             asked);
    if (!find_event(last ? 0 : time, &event))
        return trouble("%s: the journal has no such event%s", asked, last ? "" : " (any more)");
    int status = explain(event.kind, &event, json);
    event_free(&event);
    return status;
}

const struct verb verb_explain = {
    .name = "explain",
    .summary = "say what an event, a kind of event, or the last event means, and what to do about it",
    .arguments = "EVENT",
    .options = (const struct verb_option[]){{"json", NULL, "print JSON"}, {0}},
    .run = run,
};
