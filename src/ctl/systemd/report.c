/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* report: one page for an audit. It needs nothing but itself: no scripts, no fonts, no pictures from
 * elsewhere. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"
#include "compatmalloc.h"
#include "config_file.h"
#include "ctl.h"
#include "file.h"
#include "journal.h"
#include "json.h"
#include "preload_file.h"
#include "processes.h"
#include "standing.h"
#include "units.h"

#define DAYS        30
#define EVENTS_MAX  200
#define DAY_SECONDS 86400

struct page {
    FILE *out;
    struct processes processes;
    struct findings findings;
    struct event *events; /* of the last DAYS days */
    size_t event_count;
    time_t now;
};

/* --- text ------------------------------------------------------------------------------------- */

static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            putc((unsigned char)*text < 0x20 && *text != '\n' ? '?' : *text, out);
        }
}

/* A cell, and on a phone, where rows become cards, its column's name. */
static void put_cell(FILE *out, const char *column, const char *class, const char *text)
{
    fprintf(out, "<td data-column=\"%s\"%s%s%s>", column, *class ? " class=\"" : "", class,
            *class ? "\"" : "");
    put_escaped(out, text);
    fputs("</td>", out);
}

static void put_number(FILE *out, const char *column, size_t number)
{
    fprintf(out, "<td data-column=\"%s\" class=\"number\">%zu</td>", column, number);
}

enum precision {
    TO_THE_SECOND,
    TO_THE_MINUTE,
    TO_THE_DAY,
    DAY_AND_MONTH
};

static void put_time(FILE *out, enum precision precision, time_t when)
{
    char text[64] = "";
    struct tm local;
    localtime_r(&when, &local);
    switch (precision) {
    case TO_THE_SECOND:
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
        break;
    case TO_THE_MINUTE:
        strftime(text, sizeof text, "%Y-%m-%d %H:%M %Z", &local);
        break;
    case TO_THE_DAY:
        strftime(text, sizeof text, "%Y-%m-%d", &local);
        break;
    default:
        strftime(text, sizeof text, "%d %b", &local);
    }
    put_escaped(out, text);
}

static const char style[] =
    ":root{--ink:#1b2330;--faint:#5d6878;--line:#d7dde5;--paper:#fff;--tile:#f4f6f9}"
    ":root{--good:#176b3a;--warn:#8a5a00;--bad:#a4161a}"
    "*{box-sizing:border-box}"
    "body{font:16px/1.5 system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color:var(--ink)}"
    "body{background:var(--paper);margin:0 auto;padding:1.5rem;max-width:64rem}"
    "h1{font-size:1.6rem;margin:0}"
    "h2{font-size:1.15rem;margin:2.2rem 0 .6rem;border-bottom:2px solid var(--line);padding-bottom:.2rem}"
    "p{margin:.4rem 0}.faint{color:var(--faint)}"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem;margin:1.2rem 0}"
    ".tile{background:var(--tile);border-radius:.5rem;padding:.8rem 1rem}"
    ".tile b{display:block;font-size:1.6rem;line-height:1.2}"
    "table{border-collapse:collapse;width:100%;font-size:.92rem}"
    "th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}"
    "th{color:var(--faint);font-weight:600}td{vertical-align:top;overflow-wrap:break-word}"
    ".number{text-align:right;font-variant-numeric:tabular-nums}.number+td,.number+th{padding-left:1rem}"
    ".good{color:var(--good);font-weight:600}.warn{color:var(--warn);font-weight:600}"
    ".bad{color:var(--bad);font-weight:600}"
    "code,pre{font:.88rem/1.45 ui-monospace,'DejaVu Sans Mono',monospace}"
    "pre{background:var(--tile);padding:.8rem 1rem;border-radius:.5rem}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere}"
    "svg{width:100%;height:auto;display:block}"
    "svg text{font:11px system-ui,'DejaVu Sans',sans-serif;fill:var(--faint)}"
    "@media(max-width:40rem){body{padding:1rem}thead{display:none}"
    "tr{display:block;border-bottom:1px solid var(--line);padding:.5rem 0}"
    "td,.number+td{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.1rem 0}"
    "td{text-align:right;overflow-wrap:anywhere}"
    "td:before{content:attr(data-column);color:var(--faint);font-weight:400;text-align:left;flex:none}}"
    "@media print{body{max-width:none;padding:0;font-size:10.5pt}.tile{border:1px solid var(--line)}"
    "h2{break-after:avoid}tr,.tile,svg{break-inside:avoid}}";

/* --- the top ---------------------------------------------------------------------------------- */

static void put_head(struct page *page)
{
    char host[256] = "this machine";
    gethostname(host, sizeof host - 1);
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>compatmalloc on ",
          page->out);
    put_escaped(page->out, host);
    fprintf(page->out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>Heap protection of ", style);
    put_escaped(page->out, host);
    fputs("</h1>\n<p class=\"faint\">compatmalloc " COMPATMALLOC_VERSION_STRING ", as of ", page->out);
    put_time(page->out, TO_THE_MINUTE, page->now);
    fputs("</p>\n", page->out);
}

static void put_tile(FILE *out, const char *class, size_t number, const char *words)
{
    fprintf(out, "<div class=\"tile\"><b class=\"%s\">%zu</b>%s</div>\n", class, number, words);
}

static void put_tiles(struct page *page)
{
    size_t counts[STANDINGS] = {0}, problems = 0;
    for (size_t i = 0; i < page->processes.count; i++)
        counts[process_standing(&page->processes.list[i])]++;
    for (size_t i = 0; i < page->findings.count; i++)
        problems += page->findings.list[i].severity >= CHECK_WARNING;
    size_t protected = counts[STANDS_PROTECTED] + counts[STANDS_AUDITED];
    fputs("<div class=\"tiles\">\n", page->out);
    put_tile(page->out, protected > 0 ? "good" : "bad", protected, "processes protected");
    put_tile(page->out, counts[STANDS_UNPROTECTED] ? "warn" : "good", counts[STANDS_UNPROTECTED],
             "processes not protected");
    put_tile(page->out, counts[STANDS_NEEDS_RESTART] ? "warn" : "good", counts[STANDS_NEEDS_RESTART],
             "still to be restarted");
    put_tile(page->out, page->event_count ? "bad" : "good", page->event_count, "events in 30 days");
    put_tile(page->out, problems ? "warn" : "good", problems, "problems found by doctor");
    fputs("</div>\n<p>", page->out);
    fputs(preload_is_in_force()
              ? "It is in force for all programs of the machine, by <code>/etc/ld.so.preload</code>"
              : "It is enabled unit by unit",
          page->out);
    fputs(preload_is_on_trial() ? ", on trial.</p>\n" : ".</p>\n", page->out);
}

/* --- services --------------------------------------------------------------------------------- */

static bool same_unit(const struct process *one, const struct process *other)
{
    return !one->unit || !other->unit ? one->unit == other->unit : strcmp(one->unit, other->unit) == 0;
}

static void put_unit(struct page *page, const struct process *first, size_t count)
{
    static const char *const classes[STANDINGS] = {
        [STANDS_PROTECTED] = "good",     [STANDS_AUDITED] = "good",    [STANDS_EXEMPT] = "warn",
        [STANDS_NEEDS_RESTART] = "warn", [STANDS_UNPROTECTED] = "bad", [STANDS_UNKNOWN] = "warn"};
    static const char *const words[STANDINGS] = {[STANDS_PROTECTED] = "protected",
                                                 [STANDS_AUDITED] = "protected, reports only",
                                                 [STANDS_EXEMPT] = "exempt",
                                                 [STANDS_NEEDS_RESTART] = "needs a restart",
                                                 [STANDS_UNPROTECTED] = "not protected",
                                                 [STANDS_UNKNOWN] = "unknown"};
    size_t covered = 0, events = 0;
    uint64_t resident = 0;
    /* What is worst about any of them is what the unit is. */
    enum standing worst = process_standing(first);
    const struct process *shown = first;
    for (size_t i = 0; i < count; i++) {
        enum standing standing = process_standing(&first[i]);
        worst = standing > worst ? standing : worst;
        if (first[i].protection == PROTECTED && covered++ == 0)
            shown = &first[i];
        events += events_of_process(first[i].pid);
        resident += first[i].resident;
    }
    char *profile = process_profile_in_words(shown);
    fputs("<tr>", page->out);
    put_cell(page->out, "Unit", "", first->unit ? first->unit : "(none)");
    put_cell(page->out, "State", classes[worst], words[worst]);
    put_number(page->out, "Processes", count);
    put_number(page->out, "With the library", covered);
    put_cell(page->out, "Profile", "", profile);
    free(profile);
    put_number(page->out, "Memory, MiB", (size_t)(resident >> 20));
    put_number(page->out, "Events", events);
    fputs("</tr>\n", page->out);
}

static void put_units(struct page *page)
{
    fputs("<h2>Services and processes</h2>\n<table><thead><tr><th>Unit</th><th>State</th><th "
          "class=\"number\">Processes</th>"
          "<th class=\"number\">With the library</th><th>Profile</th><th class=\"number\">Memory, MiB</th>"
          "<th class=\"number\">Events</th></tr></thead><tbody>\n",
          page->out);
    const struct process *list = page->processes.list;
    for (size_t from = 0, to; from < page->processes.count; from = to) {
        for (to = from + 1; to < page->processes.count && same_unit(&list[from], &list[to]); to++)
            ;
        put_unit(page, &list[from], to - from);
    }
    fputs("</tbody></table>\n", page->out);
}

/* --- events ----------------------------------------------------------------------------------- */

static void put_bar(struct page *page, int day, unsigned count, unsigned most)
{
    enum {
        LEFT = 34,
        TOP = 12,
        HEIGHT = 140,
        STEP = 25
    };
    int x = LEFT + day * STEP, height = most ? (int)(HEIGHT * count / most) : 0;
    time_t when = page->now - (time_t)(DAYS - 1 - day) * DAY_SECONDS;
    if (count > 0) {
        fprintf(page->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#a4161a\"><title>", x,
                TOP + HEIGHT - height, STEP - 7, height);
        put_time(page->out, TO_THE_DAY, when);
        fprintf(page->out, ": %u</title></rect>", count);
    }
    if (day % 5 == 4) {
        fprintf(page->out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", x + STEP / 2 - 4,
                TOP + HEIGHT + 18);
        put_time(page->out, DAY_AND_MONTH, when);
        fputs("</text>\n", page->out);
    }
}

static void put_chart(struct page *page)
{
    unsigned counts[DAYS] = {0}, most = 0;
    /* Days as the calendar has them, the last one unfinished. */
    struct tm midnight;
    localtime_r(&page->now, &midnight);
    midnight.tm_hour = midnight.tm_min = midnight.tm_sec = 0;
    time_t today = mktime(&midnight);
    for (size_t i = 0; i < page->event_count; i++) {
        time_t when = (time_t)(page->events[i].time / 1000000);
        long ago = when >= today ? 0 : (today - when + DAY_SECONDS - 1) / DAY_SECONDS;
        if (ago < DAYS) {
            unsigned count = ++counts[DAYS - 1 - ago];
            most = count > most ? count : most;
        }
    }
    fprintf(page->out,
            "<svg viewBox=\"0 0 790 180\" role=\"img\" aria-label=\"Events per day in the last 30 days, at "
            "most %u\">\n"
            "<line x1=\"30\" y1=\"152.5\" x2=\"786\" y2=\"152.5\" stroke=\"#5d6878\"/>"
            "<line x1=\"30\" y1=\"12.5\" x2=\"786\" y2=\"12.5\" stroke=\"#d7dde5\"/>"
            "<text x=\"26\" y=\"16\" text-anchor=\"end\">%u</text><text x=\"26\" y=\"156\" "
            "text-anchor=\"end\">0</text>\n",
            most, most);
    for (int day = 0; day < DAYS; day++)
        put_bar(page, day, counts[day], most);
    fputs("</svg>\n", page->out);
}

static void put_events(struct page *page)
{
    fputs("<h2>Events in the last 30 days</h2>\n", page->out);
    if (page->event_count == 0) {
        fputs("<p>None.</p>\n", page->out);
        return;
    }
    put_chart(page);
    size_t shown = page->event_count < EVENTS_MAX ? page->event_count : EVENTS_MAX;
    if (shown < page->event_count)
        fprintf(page->out, "<p class=\"faint\">The last %zu of %zu.</p>\n", shown, page->event_count);
    fputs("<table><thead><tr><th>Time</th><th>Kind</th><th>Unit</th><th>Program</th><th>What</th></tr></"
          "thead><tbody>\n",
          page->out);
    for (size_t i = 0; i < shown; i++) {
        const struct event *event = &page->events[page->event_count - 1 - i];
        fputs("<tr><td data-column=\"Time\">", page->out);
        put_time(page->out, TO_THE_SECOND, (time_t)(event->time / 1000000));
        fputs("</td>", page->out);
        put_cell(page->out, "Kind", "bad", event->kind ? event->kind : "-");
        put_cell(page->out, "Unit", "", event->unit ? event->unit : "-");
        put_cell(page->out, "Program", "", event->program ? event->program : "-");
        put_cell(page->out, "What", "", event->message ? event->message : "-");
        fputs("</tr>\n", page->out);
    }
    fputs("</tbody></table>\n", page->out);
}

/* --- settings, and the rest --------------------------------------------------------------------- */

static void put_settings(struct page *page)
{
    struct settings settings = config_settings(NULL, NULL);
    char *text = file_read(CONFIG_FILE, NULL);
    fprintf(page->out,
            "<h2>Settings in force</h2>\n<p>Profile <b>%s</b>; after a report a program <b>%s</b>; the "
            "environment may "
            "<b>%s</b>; reports <b>%s</b> to the journal.</p>\n",
            config_profile_name(settings.profile),
            settings.on_error == ON_ERROR_LOG ? "carries on" : "is ended",
            settings.allow_environment ? "change them" : "not change them",
            settings.journal ? "go" : "do not go");
    fputs("<p class=\"faint\">Lines of <code>" CONFIG_FILE "</code> that are not comments:</p>\n<pre>",
          page->out);
    bool any = false;
    for (const char *line = text; line && *line;) {
        size_t length = strcspn(line, "\n");
        size_t skip = strspn(line, " \t");
        if (skip < length && line[skip] != '#' && line[skip] != ';') {
            char *copy = text_of("%.*s\n", (int)length, line);
            put_escaped(page->out, copy);
            free(copy);
            any = true;
        }
        line += length + (line[length] == '\n');
    }
    fputs(any ? "</pre>\n" : "(none: the defaults apply)</pre>\n", page->out);
    free(text);
}

static void put_findings(struct page *page)
{
    static const char *const classes[] = {
        [CHECK_GOOD] = "good", [CHECK_NOTE] = "faint", [CHECK_WARNING] = "warn", [CHECK_OBSTACLE] = "bad"};
    fputs("<h2>What doctor found</h2>\n<table><thead><tr><th>Check</th><th>Result</th><th>What</th><th>What "
          "to do</th></tr>"
          "</thead><tbody>\n",
          page->out);
    for (size_t i = 0; i < page->findings.count; i++) {
        const struct finding *f = &page->findings.list[i];
        fputs("<tr>", page->out);
        put_cell(page->out, "Check", "", f->name);
        put_cell(page->out, "Result", classes[f->severity], severity_name(f->severity));
        put_cell(page->out, "What", "", f->what);
        put_cell(page->out, "What to do", "", f->fix ? f->fix : "-");
        fputs("</tr>\n", page->out);
    }
    fputs("</tbody></table>\n</body>\n</html>\n", page->out);
}

/* --- the same as data ---------------------------------------------------------------------------- */

static void print_settings_json(void)
{
    struct settings settings = config_settings(NULL, NULL);
    json_begin("settings", '{');
    json_string("profile", config_profile_name(settings.profile));
    json_string("on_error", settings.on_error == ON_ERROR_LOG ? "log" : "abort");
    json_bool("allow_environment", settings.allow_environment);
    json_bool("journal", settings.journal);
    json_end('}');
}

static void print_json(const struct page *page)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    json_begin(NULL, '{');
    json_string("host", host);
    json_number("time", (uint64_t)page->now * 1000000);
    json_string("version", COMPATMALLOC_VERSION_STRING);
    json_bool("system_wide", preload_is_in_force());
    json_bool("trial", preload_is_on_trial());
    standings_print_json(&page->processes);
    json_begin("events_of_30_days", '[');
    for (size_t i = 0; i < page->event_count; i++)
        event_print_json(&page->events[i]);
    json_end(']');
    print_settings_json();
    findings_print_json("findings", &page->findings);
    json_end('}');
    json_newline();
}

/* --- gathering -------------------------------------------------------------------------------- */

static bool read_events(struct page *page)
{
    struct event event;
    struct event_filter filter = {.since = (uint64_t)(page->now - (time_t)DAYS * DAY_SECONDS) * 1000000u};
    sd_journal *journal = journal_open(&filter);
    if (!journal)
        return false;
    while (journal_next(journal, &filter, &event)) {
        struct event *longer = reallocarray(page->events, page->event_count + 1, sizeof *longer);
        if (!longer)
            exit(trouble("out of memory"));
        page->events = longer;
        longer[page->event_count++] = event;
    }
    sd_journal_close(journal);
    return true;
}

static bool gather(struct page *page)
{
    page->now = time(NULL);
    if (!processes_read(&page->processes)) {
        trouble("cannot list the processes in /proc: %s", strerror(errno));
        return false;
    }
    for (size_t i = 0; i < page->processes.count; i++)
        process_read_details(&page->processes.list[i]);
    if (!read_events(page))
        return false;
    checks_run(&page->findings);
    return true;
}

static void forget(struct page *page)
{
    processes_free(&page->processes);
    checks_free(&page->findings);
    for (size_t i = 0; i < page->event_count; i++)
        event_free(&page->events[i]);
    free(page->events);
}

static int write_page(struct page *page, const char *path)
{
    char *text = NULL;
    size_t length = 0;
    page->out = open_memstream(&text, &length);
    if (!page->out)
        return trouble("%s", strerror(errno));
    put_head(page);
    put_tiles(page);
    put_units(page);
    put_events(page);
    put_settings(page);
    put_findings(page);
    bool complete = fclose(page->out) == 0;
    int status = STATUS_GOOD;
    if (!complete || (strcmp(path, "-") != 0 && !file_replace(path, text, length)))
        status = trouble("%s: %s", path, strerror(errno));
    else if (strcmp(path, "-") == 0)
        fwrite(text, 1, length, stdout);
    free(text);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    const char *path;
    bool json;
    if (!options_file_and_json(verb, argc, argv, &path, &json))
        return STATUS_TROUBLE;
    if (!path == !json)
        return usage_trouble("report: --html=FILE says where the page goes, - is standard output; or --json, "
                             "which goes there");
    struct page page = {0};
    if (!gather(&page))
        return STATUS_TROUBLE;
    int status = STATUS_GOOD;
    if (json)
        print_json(&page);
    else
        status = write_page(&page, path);
    forget(&page);
    return status;
}

const struct verb verb_report = {
    .name = "report",
    .summary = "write one page for an audit: what is protected and how, events, settings, doctor",
    .options = (const struct verb_option[]){{"html", "FILE", "the page, which needs nothing but itself"},
                                            {"json", NULL, "print the same as JSON, instead of a page"},
                                            {0}},
    .run = run,
};
