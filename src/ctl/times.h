/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Times as people write them, after the manner of systemd.time(7). */
#ifndef TIMES_H
#define TIMES_H

#include <stdbool.h>
#include <stdint.h>

/* "10min", "1h", "90 s". Never zero. */
bool parse_span(const char *text, uint64_t *seconds);

/* "today", "yesterday", "-2h", "2 hours ago", "2026-11-22", "2026-11-22 10:00:00", "@1764000000":
 * microseconds since 1970. */
bool parse_time(const char *text, uint64_t *microseconds);

#endif
