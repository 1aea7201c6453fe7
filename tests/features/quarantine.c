/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* quarantine: a freed address does not come back within the next mallocs. */
#include "observe.h"

static bool observed(void)
{
    enum {
        TRIALS = 2000,
        MALLOCS = 32
    };
    void *blocks[MALLOCS];
    for (size_t trial = 0; trial < TRIALS; trial++) {
        void *freed = must(malloc(48));
        uintptr_t address = (uintptr_t)freed;
        bool came_back = false;
        free(freed);
        for (size_t i = 0; i < MALLOCS; i++) {
            blocks[i] = must(malloc(48));
            came_back |= (uintptr_t)blocks[i] == address;
        }
        for (size_t i = 0; i < MALLOCS; i++)
            free(blocks[i]);
        if (came_back)
            return false;
    }
    return true;
}
