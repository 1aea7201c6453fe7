/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A plug-in that exchanges blocks with whoever loads it; test_dlopen loads it with RTLD_DEEPBIND. */
#include <stdlib.h>

void deep_free(void *block);
void *deep_malloc(size_t size);

void deep_free(void *block)
{
    free(block);
}

void *deep_malloc(size_t size)
{
    return malloc(size);
}
