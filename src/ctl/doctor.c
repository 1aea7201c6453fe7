/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* doctor: what on this machine will get in the way, and how to mend it. */
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "ctl.h"
#include "json.h"
#include "table.h"

static void print_words(const struct findings *findings)
{
    static const enum colour colours[] = {
        [CHECK_GOOD] = GREEN, [CHECK_NOTE] = PLAIN, [CHECK_WARNING] = YELLOW, [CHECK_OBSTACLE] = RED};
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->list[i];
        printf("%s%-8s%s  ", colour_on(colours[f->severity]), severity_name(f->severity),
               colour_off(colours[f->severity]));
        table_print_harmless(f->what);
        printf("\n");
        if (f->fix)
            printf("          do: %s\n", f->fix);
    }
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct findings findings;
    bool json;
    if (!options_only_json(verb, argc, argv, &json))
        return STATUS_TROUBLE;
    checks_run(&findings);
    int status = STATUS_GOOD;
    for (size_t i = 0; i < findings.count; i++)
        if (findings.list[i].severity >= CHECK_WARNING)
            status = STATUS_BAD;
    if (json) {
        findings_print_json(NULL, &findings);
        json_newline();
    } else {
        print_words(&findings);
    }
    checks_free(&findings);
    return status;
}

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "say what on this machine gets in the way, and what to do about it",
    .options = (const struct verb_option[]){{"json", NULL, "print JSON"}, {0}},
    .run = run,
};
