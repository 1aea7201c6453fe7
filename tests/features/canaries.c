/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* canaries: one byte written past the requested size, inside the slot, is found by free and by realloc. */
#include "observe.h"

static void write_past_end(char *block, size_t size)
{
    block = opaque(block);
    block[size] = (char)(block[size] ^ 0x41);
}

static void free_finds_it(void)
{
    char *block = must(malloc(24));
    write_past_end(block, 24);
    free(block);
}

static void realloc_finds_it(void)
{
    char *block = must(malloc(24));
    write_past_end(block, 24);
    block = realloc(block, 5000);
}

static bool observed(void)
{
    bool by_free = aborts(free_finds_it);
    bool by_realloc = aborts(realloc_finds_it);
    if (by_free != by_realloc) {
        fprintf(stderr, "free %s, realloc %s\n", by_free ? "finds it" : "does not",
                by_realloc ? "finds it" : "does not");
        _exit(2);
    }
    return by_free;
}
