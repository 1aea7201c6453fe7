/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A function pointer in a freed object is called: what is there is no address of code.
 *
 * expect: fault
 * sizes: 16 40 100 1000
 * needs: poison-on-free
 */
#include "misuse.h"

struct object {
    void (*method)(void);
    char rest[];
};

static void method(void)
{
}

static void bad(size_t size)
{
    struct object *object = must(malloc(size));
    object->method = method;
    free(object);
    object = opaque(object);
    object->method();
}

static void good(size_t size)
{
    struct object *object = must(malloc(size));
    object->method = method;
    object = opaque(object);
    object->method();
    free(object);
}
