/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "standing.h"

#include "json.h"
#include "preload_file.h"
#include "units.h"

static const struct {
    const char *word;
    enum colour colour;
} standings[STANDINGS] = {
    [STANDS_PROTECTED] = {"yes", GREEN},  [STANDS_AUDITED] = {"audit", GREEN},
    [STANDS_EXEMPT] = {"exempt", YELLOW}, [STANDS_NEEDS_RESTART] = {"restart", YELLOW},
    [STANDS_UNPROTECTED] = {"no", RED},   [STANDS_UNKNOWN] = {"unknown", YELLOW},
};

static bool is_enabled(const char *unit)
{
    return preload_is_in_force() || (unit && unit_is_enabled(unit));
}

enum standing process_standing(const struct process *process)
{
    switch (process->protection) {
    case PROTECTED:
        return process->exempt ? STANDS_EXEMPT : process->audited ? STANDS_AUDITED : STANDS_PROTECTED;
    case UNPROTECTED:
        return is_enabled(process->unit) ? STANDS_NEEDS_RESTART : STANDS_UNPROTECTED;
    default:
        return STANDS_UNKNOWN;
    }
}

const char *standing_word(enum standing standing)
{
    return standings[standing].word;
}

enum colour standing_colour(enum standing standing)
{
    return standings[standing].colour;
}

void standings_print_json(const struct processes *processes)
{
    processes_print_counts_json(processes);
    json_begin("processes", '[');
    for (size_t i = 0; i < processes->count; i++) {
        const struct process *p = &processes->list[i];
        json_begin(NULL, '{');
        process_print_json(p);
        json_string("state", standing_word(process_standing(p)));
        json_string("profile", p->protection == PROTECTED ? p->profile : NULL);
        json_bool("in_force", p->is_in_force);
        json_number("seconds", p->age);
        json_number("resident_bytes", p->resident);
        json_number("events", events_of_process(p->pid));
        json_end('}');
    }
    json_end(']');
}
