/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whether a stretch of memory that a program is about to touch lies within one block, as far as it lies in
 * slots at all. */
#ifndef BOUNDS_H
#define BOUNDS_H

#include "platform.h"

enum bounds_access {
    BOUNDS_READ,
    BOUNDS_WRITE
};

/*
 * Report it if [from, from + bytes) touches a slot outside its live block. Memory that is no slot passes: the
 * stack, globals, and large blocks, which end at a guard page anyway.
 */
void bounds_check(const void *from, size_t bytes, enum bounds_access access, const char *function);

#endif
