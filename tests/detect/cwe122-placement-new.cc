/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An object is made in memory that was meant for a smaller one.
 *
 * expect: heap-buffer-overflow
 * needs: canaries
 */
#include "misuse.h"

#include <new>

namespace
{
struct small {
    volatile int first = 1;
};
struct large {
    volatile int first = 1, second = 2, third = 3;
};

template <typename Object> void make_in(size_t room)
{
    void *block = must(malloc(room));
    Object *object = new (opaque(block)) Object;
    object->~Object();
    free(block);
}
} // namespace

static void bad(size_t)
{
    make_in<large>(sizeof(small));
}

static void good(size_t)
{
    make_in<small>(sizeof(small));
    make_in<large>(sizeof(large));
}
