/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory from mmap is freed.
 *
 * expect: bad-free
 * sizes: 4096 65536 1048576
 */
#include "misuse.h"

static void bad(size_t size)
{
    void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    free(opaque(mapping));
}

static void good(size_t size)
{
    void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(mapping, size);
    free(must(malloc(size)));
}
