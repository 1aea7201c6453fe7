/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fork.h"

#include <pthread.h>

#include "heap.h"
#include "inbox.h"
#include "large.h"
#include "region.h"
#include "start.h"

/* In the order in which the locks nest. */
static void fork_prepare(void)
{
    large_fork_prepare();
    heap_fork_prepare();
    inbox_fork_prepare();
    region_fork_prepare();
    metadata_fork_prepare();
}

static void fork_parent(void)
{
    metadata_fork_parent();
    region_fork_parent();
    inbox_fork_parent();
    heap_fork_parent();
    large_fork_parent();
}

void fork_child(void)
{
    metadata_fork_child();
    region_fork_child();
    inbox_fork_child();
    large_fork_child();
    heap_fork_child();
}

/*
 * Registered here and not in the first malloc(): registration may allocate. Handlers run in reverse order
 * before the fork, so being first to register makes ours the last to run there and the first after, and
 * others' handlers may allocate.
 */
__attribute__((constructor(101))) static void register_handlers(void)
{
    if (!start_is_passthrough())
        (void)pthread_atfork(fork_prepare, fork_parent, fork_child);
}
