/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A program with an allocator of its own, of which it has only what the C library wants. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL ((size_t)1 << 20)

static char pool[POOL] __attribute__((aligned(16)));
static size_t used;

void *malloc(size_t size)
{
    size_t whole = (size + 31) & ~(size_t)15;
    if (whole > POOL - used)
        return NULL;
    char *block = pool + used + 16;
    used += whole;
    return block;
}

void free(void *block)
{
    if (block && ((char *)block < pool || (char *)block >= pool + POOL))
        puts("free: a block of somebody else's");
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size);
}

void *realloc(void *block, size_t size)
{
    char *moved = malloc(size);
    if (block && moved)
        memmove(moved, block, size);
    return moved;
}

int main(void)
{
    char *block = malloc(10);
    strcpy(block, "its own");
    block = reallocarray(block, 10, 10);
    char *copy = strdup(block);
    puts(copy);
    free(copy);
    free(block);
    return 0;
}
