/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How a problem in the configuration is put into words, the same by a starting process and by check-config.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "format.h"
#include "settings.h"

/* `source:LINE: "TEXT": PROBLEM`, without LINE for what has no lines. TEXT is shortened and made safe to
 * print. */
void text_problem(struct text *text, const char *source, const struct settings_problem *problem);

#endif
