/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "map.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

#define MAX_MAP_COUNT_DEFAULT 65530

enum {
    UNKNOWN,
    MARKS,
    PROTECTION
};
static _Atomic(int) kind = UNKNOWN;
static _Atomic(long) budget = -1; /* mprotect() guards that may still be made; -1: not read yet */

/* Half the limit for guards leaves the other half to the program and to the memory between the guards. */
static long read_budget(void)
{
    char text[16];
    long limit = 0;
    int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t length = read(fd, text, sizeof text);
        (void)close(fd);
        for (ssize_t i = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++)
            limit = limit * 10 + (text[i] - '0');
    }
    if (limit <= 0)
        limit = MAX_MAP_COUNT_DEFAULT;
    return limit / 4; /* a guard is two mappings: itself and the rest behind it */
}

static bool spend(void)
{
    long left = atomic_load_explicit(&budget, memory_order_relaxed);
    if (unlikely(left < 0)) {
        long fresh = read_budget();
        (void)atomic_compare_exchange_strong(&budget, &left, fresh);
    }
    if (atomic_fetch_sub_explicit(&budget, 1, memory_order_relaxed) > 0)
        return true;
    atomic_store_explicit(&budget, 0, memory_order_relaxed);
    return false;
}

bool guard_is_cheap(void)
{
    return atomic_load_explicit(&kind, memory_order_relaxed) == MARKS;
}

bool guard_install(void *address, size_t bytes)
{
    int saved = errno;
    bool done = false;
    if (atomic_load_explicit(&kind, memory_order_relaxed) != PROTECTION) {
        done = madvise(address, bytes, MADV_GUARD_INSTALL) == 0;
        if (done) {
            atomic_store_explicit(&kind, MARKS, memory_order_relaxed);
        } else if (atomic_load_explicit(&kind, memory_order_relaxed) == UNKNOWN) {
            /* An old kernel says EINVAL, and so does a new one of locked memory; either way the other kind
             * works. */
            atomic_store_explicit(&kind, PROTECTION, memory_order_relaxed);
        }
    }
    if (!done && spend()) {
        (void)map_discard(address, bytes);
        done = map_protect(address, bytes, PROT_NONE);
    }
    errno = saved;
    return done;
}

bool guard_remove(void *address, size_t bytes)
{
    int saved = errno;
    bool done = true;
    if (atomic_load_explicit(&kind, memory_order_relaxed) == MARKS)
        done = madvise(address, bytes, MADV_GUARD_REMOVE) == 0;
    /* In a process that locked its memory some guards are marks and some are protection. */
    if (atomic_load_explicit(&budget, memory_order_relaxed) >= 0) {
        done = map_protect(address, bytes, PROT_READ | PROT_WRITE);
        if (done)
            atomic_fetch_add_explicit(&budget, 1, memory_order_relaxed);
    }
    errno = saved;
    return done;
}

void guard_forget(unsigned guards)
{
    if (atomic_load_explicit(&kind, memory_order_relaxed) == PROTECTION)
        atomic_fetch_add_explicit(&budget, (long)guards, memory_order_relaxed);
}
