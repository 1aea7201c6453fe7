/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* slot-randomization: blocks that are allocated one after the other are not neighbours one after the other.
 */
#include "observe.h"

static bool observed(void)
{
    enum {
        BLOCKS = 2000
    };
    static uintptr_t blocks[BLOCKS];
    size_t same_step = 0;
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = (uintptr_t)must(malloc(48));
    /* In a fixed order, up, down or strided, a step is nearly always the step before it. */
    for (size_t i = 2; i < BLOCKS; i++)
        same_step += blocks[i] - blocks[i - 1] == blocks[i - 1] - blocks[i - 2];
    return same_step < BLOCKS / 10;
}
