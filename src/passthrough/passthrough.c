/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The library for the 32-bit programs of a 64-bit machine. The allocator needs the address space of 64 bits,
 * so it leaves these programs to libc: no name of an allocation function is defined here. What it is there
 * for is to be found: /etc/ld.so.preload applies to every program, and the dynamic linker complains on
 * standard error, once per process, of a library that it cannot load.
 *
 * Compiled without libc's headers and linked with nothing, so that the 64-bit machine's own compiler will do.
 */
#include "compatmalloc.h"

#define EXPORT __attribute__((visibility("default")))

/* <errno.h> is not at hand. Weak, because a program may do without libc, and must not be kept from starting.
 */
extern int *__errno_location(void) __attribute__((weak));
enum {
    INVALID_ARGUMENT = 22
};

EXPORT const char *compatmalloc_version(void)
{
    return COMPATMALLOC_VERSION_STRING;
}

EXPORT unsigned compatmalloc_features(void)
{
    return 0;
}

EXPORT const char *compatmalloc_features_string(void)
{
    return "";
}

EXPORT size_t compatmalloc_check_integrity(void)
{
    return 0;
}

EXPORT int compatmalloc_statistics_get(struct compatmalloc_statistics *statistics, size_t size)
{
    size_t *field = (size_t *)statistics;
    if (!statistics || size < sizeof *field) {
        if (__errno_location)
            *__errno_location() = INVALID_ARGUMENT;
        return -1;
    }
    size_t fields = (size < sizeof *statistics ? size : sizeof *statistics) / sizeof *field;
    field[0] = sizeof *statistics;
    for (size_t i = 1; i < fields; i++)
        field[i] = 0;
    return 0;
}
