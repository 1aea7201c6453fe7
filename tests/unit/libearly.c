/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A library preloaded next to the allocator, whose IFUNC resolver and constructor allocate: the first while
 * the dynamic linker is still relocating, before any constructor has run; the second before main.
 */
#include <stdlib.h>
#include <string.h>

int early_blocks_are_intact(void);

static void *from_resolver;
static void *from_constructor;

static int answer(void)
{
    return 42;
}

__attribute__((used)) static int (*resolve_answer(void))(void)
{
    from_resolver = malloc(100);
    if (from_resolver != NULL)
        memset(from_resolver, 'r', 100);
    void *large = calloc(1, 300000);
    free(large);
    return answer;
}

static int early_answer(void) __attribute__((ifunc("resolve_answer")));

__attribute__((constructor)) static void construct(void)
{
    from_constructor = malloc(200);
    if (from_constructor != NULL)
        memset(from_constructor, 'c', 200);
    free(malloc(50));
}

int early_blocks_are_intact(void)
{
    const char *resolver = from_resolver;
    const char *constructor = from_constructor;
    int ok = early_answer() == 42 && resolver != NULL && resolver[0] == 'r' && resolver[99] == 'r' &&
             constructor != NULL && constructor[0] == 'c' && constructor[199] == 'c';
    free(from_resolver);
    free(from_constructor);
    from_resolver = NULL;
    from_constructor = NULL;
    return ok;
}
