/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The machine's configuration file, as a process that starts now would read it. */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stdbool.h>

#include "settings.h"

#define CONFIG_FILE "/etc/compatmalloc.conf"

/* What is in force for a program of that path, NULL for any; `options` as in COMPATMALLOC_OPTIONS, or NULL.
 */
struct settings config_settings(const char *program, const char *options);

const char *config_profile_name(enum profile profile);

/* --- options on a command line -------------------------------------------------------------------- */

/* "KEY=VALUE" behind what is in *options, which is NULL or was made here. False, and says so, if it holds a
 * comma. */
bool options_add(const char *verb, char **options, const char *prefix, const char *option);

/* False, and says which is not, if what was added is not understood. */
bool options_are_understood(const char *options);

#endif
