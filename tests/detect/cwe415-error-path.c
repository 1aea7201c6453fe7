/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The usual shape: a function frees its buffer on error, and its caller frees it too.
 *
 * expect: double-free
 * sizes: some large
 */
#include "misuse.h"

struct message {
    char *text;
};

static int parse(struct message *message, bool clear)
{
    free(message->text);
    if (clear)
        message->text = NULL;
    return -1;
}

static void handle(size_t size, bool clear)
{
    struct message *message = must(calloc(1, sizeof *message));
    message->text = must(malloc(size));
    if (parse(opaque(message), clear) < 0)
        free(message->text);
    free(message);
}

static void bad(size_t size)
{
    handle(size, false);
}

static void good(size_t size)
{
    handle(size, true);
}
