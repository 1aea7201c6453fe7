/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Executable files: whether the dynamic loader would put the library into them. */
#ifndef PROGRAM_H
#define PROGRAM_H

/*
 * NULL if this program, started as a service, can get the library by LD_PRELOAD; else the reason why not, to
 * be freed. Of a script, the interpreter counts. `root` is what the service sees as /, "" for the machine's
 * own.
 */
char *program_obstacle(const char *root, const char *path);

/* The dynamic loader that an executable file names (PT_INTERP), to be freed; NULL if it has none or is not
 * ELF. */
char *program_loader(const char *path);

#endif
