/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What has to be restarted for a drop-in to have its effect, and whether it had. */
#ifndef RESTART_H
#define RESTART_H

#include <systemd/sd-bus.h>

/* The unit itself if it is active; of a template, its instances that are. Ended by NULL, to be freed. */
char **units_to_restart(sd_bus *bus, const char *unit);

/* NULL if its main process has the library, or if it has none; else the reason, to be freed. */
char *unit_left_out(sd_bus *bus, const char *unit);

#endif
