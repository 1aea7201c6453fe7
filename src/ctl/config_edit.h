/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Changes to the text of a configuration file, of single lines: all others, comments too, stay as they are.
 */
#ifndef CONFIG_EDIT_H
#define CONFIG_EDIT_H

#include <stdbool.h>

/* The text with, or without, a section that turns the library off for a program. To be freed. */
char *config_with_exemption(const char *text, const char *program);
char *config_without_exemption(const char *text, const char *program);

/* The text with, or without, the two marked lines that make all programs carry on after a report. To be
 * freed. */
char *config_with_audit(const char *text, const char *unused);
char *config_without_audit(const char *text, const char *unused);

/* Whether those two lines are in the configuration. */
bool config_is_audited(void);

/* Read the configuration, apply one of the above and put the result in the file's place, if it differs.
 * False, and says why. *changed may be NULL. */
bool config_change(char *(*edit)(const char *text, const char *argument), const char *argument,
                   bool *changed);

#endif
