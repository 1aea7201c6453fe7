/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The file by which a unit runs under compatmalloc, in the place where `systemctl edit` would put one. */
#ifndef DROP_IN_H
#define DROP_IN_H

#include <stdbool.h>

struct drop_in_place {
    bool user;    /* a unit of the user's own systemd */
    bool runtime; /* gone after a reboot */
};

/* The directory for drop-ins of a unit (or "service", for all of them); NULL, and says why. To be freed. */
char *drop_in_directory(const struct drop_in_place *place, const char *unit);

/* The file in it. To be freed. */
char *drop_in_path(const struct drop_in_place *place, const char *unit);

enum drop_in_kind {
    DROP_IN_NONE,
    DROP_IN_OURS,     /* written by `enable`, or a link to the one that is installed */
    DROP_IN_SOMEBODYS /* of our name, with something else in it */
};

enum drop_in_kind drop_in_kind(const char *path);

/* Write it; makes the directory. False, and errno. */
bool drop_in_write(const char *path, const char *text);

/* Remove it, and its directory if that is empty now. False, and errno. */
bool drop_in_remove(const char *path);

struct drop_in_content {
    const char *unit;    /* as the file's comment names it */
    const char *preload; /* value of LD_PRELOAD */
    const char *options; /* value of COMPATMALLOC_OPTIONS, or NULL */
    const char *check;   /* command for ExecStartPost=, or NULL */
};

/* To be freed. */
char *drop_in_text(const struct drop_in_content *content);

#endif
