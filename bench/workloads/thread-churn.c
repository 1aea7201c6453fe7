/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Thousands of threads that live shortly and allocate little. */
#include "workload.h"

static void *body(void *argument)
{
    void *blocks[50];
    for (size_t i = 0; i < 50; i++) {
        blocks[i] = must(malloc(32 + i * 8));
        touch(blocks[i], 32);
    }
    for (size_t i = 0; i < 50; i++)
        free(blocks[i]);
    return argument;
}

int main(void)
{
    for (size_t i = 0; i < 1500; i++)
        run_threads(4, body);
    return 0;
}
