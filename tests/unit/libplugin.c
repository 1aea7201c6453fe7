/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A plug-in whose constructor, destructor and thread-local data allocate; test_lifecycle loads and unloads
 * it. */
#include <stdlib.h>
#include <string.h>

int plugin_call(void);

static char *from_constructor;
static _Thread_local char *per_thread;

__attribute__((constructor)) static void load(void)
{
    from_constructor = malloc(100);
    if (from_constructor != NULL)
        strcpy(from_constructor, "loaded");
}

__attribute__((destructor)) static void unload(void)
{
    free(malloc(200));
    free(from_constructor);
}

int plugin_call(void)
{
    if (per_thread == NULL)
        per_thread = strdup("thread");
    int ok = per_thread != NULL && strcmp(per_thread, "thread") == 0 && from_constructor != NULL &&
             strcmp(from_constructor, "loaded") == 0;
    free(per_thread);
    per_thread = NULL;
    return ok;
}
