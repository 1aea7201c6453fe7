/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole files, read and replaced. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>

/* All of a file, with a NUL behind it, to be freed; NULL, and errno, if that is not possible. */
char *file_read(const char *path, size_t *length);

/*
 * Put a file with these bytes in the place of what is at `path`, if anything: whoever looks sees the old file
 * or the new one, whatever happens meanwhile, and when this returns the new one is on the disk. Keeps owner
 * and permissions of a file that is there; a new one is root's and everybody's to read. False, and errno, if
 * it could not be done.
 */
bool file_replace(const char *path, const char *bytes, size_t length);

/* The same for its disappearance. True also if there is none. */
bool file_remove(const char *path);

/* A directory and those that lead to it. False, and errno, if that is not possible. */
bool file_make_directories(const char *path);

#endif
