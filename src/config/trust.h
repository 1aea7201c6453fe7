/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which files are obeyed: the same answer for a starting process and for check-config. */
#ifndef TRUST_H
#define TRUST_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * NULL if a configuration file with this status may be obeyed, else what is wrong and how to put it right.
 * `chosen_by_user`: somebody named this file, who may as well own it; the installed one must be root's.
 */
const char *settings_distrust(const struct stat *status, bool chosen_by_user);

#endif
