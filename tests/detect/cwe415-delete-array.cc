/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * delete[], twice.
 *
 * expect: double-free
 * sizes: some large
 */
#include "misuse.h"

static char *deleted_once(size_t size)
{
    char *array = static_cast<char *>(opaque(new char[size]));
    delete[] array;
    return static_cast<char *>(opaque(array));
}

static void bad(size_t size)
{
    delete[] deleted_once(size);
}

static void good(size_t size)
{
    (void)deleted_once(size);
    delete[] static_cast<char *>(nullptr);
}
