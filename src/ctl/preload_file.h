/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * /etc/ld.so.preload, by which the dynamic loader puts libraries into all programs, and what makes our line
 * in it safe.
 *
 * The line names a link below /run, where there is nothing when the machine starts. So init and what runs
 * before the links are made never has the library, and a line alone does nothing: only a boot that got as far
 * as compatmalloc-preload.service, and found the library to be sound, turns it on.
 *
 * So that the dynamic loader does not complain of a link that is not there yet, the line is taken out while
 * the machine goes down, and ASLEEP_FILE says that it is to come back. Whether the library is enabled is so
 * one fact: the line is there, or that file is.
 */
#ifndef PRELOAD_FILE_H
#define PRELOAD_FILE_H

#include <stdbool.h>

#define PRELOAD_FILE "/etc/ld.so.preload"
#define ASLEEP_FILE  "/etc/compatmalloc.asleep"
#define TRIAL_FILE   "/etc/compatmalloc.trial"
#define LINK_ROOT    "/run/compatmalloc"
#define PRELOAD_LINE LINK_ROOT "/$LIB/libcompatmalloc.so.1"

/* Whether our line is in the file, and leads to a library. */
bool preload_is_in_force(void);

/* Whether our line, or any other that names the library, is in the file. */
bool preload_has_line(void);

/* Whether it is, or is to come back with the next start of the machine. */
bool preload_is_enabled(void);

/* Whether that is on trial. Also while a trial is only being begun. */
bool preload_is_on_trial(void);

/* The lines that are somebody else's, to be freed; "" if there are none. */
char *preload_foreign_lines(void);

/* The libraries that these name, with blanks between them. To be freed. */
char *preload_foreign_libraries(void);

/* Put our line in, or take it (and any other that names the library) out; all others stay. False, and errno.
 */
bool preload_add_line(void);
bool preload_remove_line(void);

/* The links, for each architecture whose library is installed. False, and errno. */
bool preload_make_links(void);
void preload_remove_links(void);

#endif
