/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fork.h"

#include "heap.h"
#include "onlookers.h"
#include "region.h"
#include "start.h"

/* From before the fork until fork_child(), which a slow path may have called before our handler is run. */
static __thread bool forking;

void fork_child(void)
{
    forking = false;
    metadata_fork_child();
    region_fork_child();
    heap_fork_child();
    onlookers_fork_child();
}

static void before(void)
{
    forking = true;
}

static void in_parent(void)
{
    forking = false;
}

static void in_child(void)
{
    if (forking)
        fork_child();
}

/* What pthread_atfork(3) calls, which says whose handlers these are, for when it is unloaded. This library
 * never is. */
extern int __register_atfork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void),
                             void *library);

void fork_start(void)
{
    (void)__register_atfork(before, in_parent, in_child, NULL);
}
