/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2024-2961 in a program that, like PHP, cuts its blocks out of large ones itself and links the free ones
 * through their first bytes: the last byte of the escape sequence changes one of these links, and two blocks
 * overlap. All of it happens inside a single block of the allocator's, which therefore sees nothing. See
 * iso-2022.h.
 *
 * expect: unnoticed
 * sizes: 256
 */
#include "iso-2022.h"

#define POOL_SLOT  256
#define POOL_SLOTS 16

struct pool {
    void *first_free;
};

static void pool_free(struct pool *pool, void *block)
{
    memcpy(block, &pool->first_free, sizeof pool->first_free);
    pool->first_free = block;
}

static void *pool_malloc(struct pool *pool)
{
    void *block = opaque(pool->first_free);
    memcpy(&pool->first_free, block, sizeof pool->first_free);
    return block;
}

struct handler {
    char command[64];
};

static void serve(size_t room)
{
    char *memory = must(aligned_alloc(4096, (size_t)POOL_SLOT * POOL_SLOTS));
    struct pool pool = {.first_free = NULL};
    for (size_t i = POOL_SLOTS; i-- != 0;)
        pool_free(&pool, memory + i * POOL_SLOT);
    void *early[3];
    for (size_t i = 0; i < 3; i++)
        early[i] = pool_malloc(&pool);
    struct handler *handler = pool_malloc(&pool);
    strcpy(handler->command, "echo");
    for (size_t i = 3; i-- != 0;)
        pool_free(&pool, early[i]);

    char *text = pool_malloc(&pool);
    convert_text(text, POOL_SLOT, room);
    char *request[2];
    for (size_t i = 0; i < 2; i++) {
        request[i] = pool_malloc(&pool);
        for (size_t at = 0; at + 5 <= POOL_SLOT; at += 4)
            strcpy(request[i] + at, "evil");
    }
    if (strcmp(opaque(handler->command), "echo") != 0)
        attacker("the server runs %.4s", handler->command);
    free(memory);
}

static void bad(size_t size)
{
    (void)size;
    serve(3);
}

static void good(size_t size)
{
    (void)size;
    serve(8);
}
