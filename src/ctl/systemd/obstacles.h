/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Why a unit could not run under compatmalloc by a drop-in: found before anything is changed. */
#ifndef OBSTACLES_H
#define OBSTACLES_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct unit_question {
    sd_bus *bus;
    const char *object; /* of the unit; for a template, of some instance */
    const char *unit;
    bool require; /* whether a check after the start is to be added */
    bool options; /* whether settings are to be passed in the environment */
};

/* NULL, or the reason, to be freed. */
char *unit_obstacle(const struct unit_question *question);

/* The value for LD_PRELOAD: the library in front of what the unit itself says. To be freed. */
char *unit_preload(const struct unit_question *question);

#endif
