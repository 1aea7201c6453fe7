/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library, as the dynamic loader finds it. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#define LIBRARY_NAME "libcompatmalloc.so.1"

/*
 * What LD_PRELOAD has to say: the library beside this program, which is a build tree, where the two belong
 * together; otherwise the name alone, which the dynamic loader looks up for each program's own architecture.
 */
const char *library_to_preload(void);

/* Whether a path or name is that of the library, in whichever version. */
bool library_is(const char *name, size_t length);

/* NULL if a program that is started with it gets it, else the reason, to be freed. */
char *library_trouble(void);

/* The files of it that are installed, one for each architecture, ended by NULL; never freed. */
char **library_files(void);

#endif
