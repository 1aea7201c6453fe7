/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Programs that are tried out, or asked something. */
#ifndef SPAWN_H
#define SPAWN_H

struct outcome {
    int status;   /* as of waitpid(2); -1 if it could not be started or did not end in time */
    char *errors; /* what it wrote to standard error, or the reason why it was not started; to be freed */
};

/*
 * Run a command to its end, at most ten seconds long, with nothing to read and nobody to listen to its
 * standard output. The environment is ours without what concerns the dynamic loader and compatmalloc, and
 * with `variables`
 * ("NAME=VALUE", ended by NULL), which may be NULL.
 */
struct outcome spawn(const char *const *command, const char *const *variables);

#endif
