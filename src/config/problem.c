/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "problem.h"

/* Enough of the offending bytes to find them again. */
enum {
    QUOTED = 80
};

void text_problem(struct text *text, const char *source, const struct settings_problem *problem)
{
    text_string(text, source);
    if (problem->line > 0) {
        text_string(text, ":");
        text_decimal(text, problem->line);
    }
    text_string(text, ": \"");
    text_quoted(text, problem->text, problem->text_length < QUOTED ? problem->text_length : QUOTED);
    text_string(text, problem->text_length > QUOTED ? "...\": " : "\": ");
    text_string(text, problem->problem);
}
