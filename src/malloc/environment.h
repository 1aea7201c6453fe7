/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where a process's settings come from: /etc/compatmalloc.conf and the COMPATMALLOC_* environment. */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

struct settings;

/* The executable's path as [program ...] sections name it. False, and "", where there is no /proc, or no room
 * for all of it. */
bool environment_find_program(char *path, size_t size);

/*
 * Read the settings in force. In secure execution (AT_SECURE) the environment is ignored. Problems are
 * reported on stderr, by file and line, and otherwise passed over. Works before libc's constructors, without
 * /proc and in a chroot.
 */
void environment_read_settings(struct settings *settings, bool secure);

#endif
