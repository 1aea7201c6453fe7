/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* poison-on-free: from the moment it is freed, memory holds one word that is neither zero nor what its owner
 * left. */
#include "observe.h"

static bool poisoned(size_t size)
{
    unsigned char *block = must(malloc(size));
    memset(block, 0x11, size);
    free(block);
    const volatile unsigned char *freed = opaque(block);
    bool zero = true;
    for (size_t i = 0; i < size; i++) {
        if (freed[i] != freed[i % 8])
            return false;
        zero &= freed[i] == 0;
    }
    return !zero && !(freed[0] == 0x11 && freed[1] == 0x11);
}

static bool observed(void)
{
    static const size_t sizes[] = {8, 24, 40, 100, 256, 1000, 4000};
    size_t count = sizeof sizes / sizeof sizes[0];
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += poisoned(sizes[i]);
    if (found != 0 && found != count) {
        fprintf(stderr, "%zu of %zu freed blocks are poisoned\n", found, count);
        _exit(2);
    }
    return found != 0;
}
