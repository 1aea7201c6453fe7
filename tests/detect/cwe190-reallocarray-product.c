/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The product of reallocarray's arguments overflows. It fails, and the unchecked result faults at once.
 *
 * expect: fault
 * sizes: 16 24 4096
 */
#include "misuse.h"

static void allocate_records(size_t size, size_t count)
{
    unsigned char *records = reallocarray(must(malloc(size)), opaque_size(count), size);
    *(volatile unsigned char *)records = 1;
    free(records);
}

static void bad(size_t size)
{
    allocate_records(size, SIZE_MAX / size + 2);
}

static void good(size_t size)
{
    allocate_records(size, 2);
}
