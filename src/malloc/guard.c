/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "map.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

/* No kernel knows this one, or ever will. */
#define MADV_NONSENSE 0x7ffffff0

#define MAX_MAP_COUNT_DEFAULT 65530

enum {
    UNKNOWN,
    MARKS,
    MAPPINGS
};
static _Atomic(int) kind = UNKNOWN;
static _Atomic(long) budgeted; /* guards that may be mappings, and 1; 0: none has been asked for yet */
static _Atomic(long) made;     /* guards that are */

/* By system calls and not by libc's functions, in which a thread that has been cancelled would end. */
static long read_max_map_count(void)
{
    char text[16];
    long limit = 0;
    long fd = syscall(SYS_openat, AT_FDCWD, "/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        long length = syscall(SYS_read, fd, text, sizeof text);
        (void)syscall(SYS_close, fd);
        for (long i = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++)
            limit = limit * 10 + (text[i] - '0');
    }
    return limit > 0 ? limit : MAX_MAP_COUNT_DEFAULT;
}

/* A guard is two mappings, itself and the rest behind it; half the limit is for the program. */
static long budget(void)
{
    long limit = atomic_load_explicit(&budgeted, memory_order_relaxed) - 1;
    if (unlikely(limit < 0)) {
        int saved = errno;
        limit = read_max_map_count() / 4;
        errno = saved;
        atomic_store_explicit(&budgeted, limit + 1, memory_order_relaxed);
    }
    return limit;
}

void guard_prepare(void)
{
    (void)budget();
}

static bool spend(void)
{
    if (atomic_fetch_add_explicit(&made, 1, memory_order_relaxed) < budget())
        return true;
    atomic_fetch_sub_explicit(&made, 1, memory_order_relaxed);
    return false;
}

/* In a process that locked its memory some guards are marks and some are mappings, and which is which is not
 * known of each: there must not seem to be fewer than none. */
static void give_back(long guards)
{
    long count = atomic_load_explicit(&made, memory_order_relaxed);
    long left;
    do
        left = count > guards ? count - guards : 0;
    while (!atomic_compare_exchange_weak_explicit(&made, &count, left, memory_order_relaxed,
                                                  memory_order_relaxed));
}

bool guard_is_cheap(void)
{
    return atomic_load_explicit(&kind, memory_order_relaxed) == MARKS;
}

bool guard_has_mappings(void)
{
    return atomic_load_explicit(&made, memory_order_relaxed) > 0;
}

/* Emulators of user programs (qemu-user 7.2) answer 0 to advice that they do not know, and do nothing. */
static bool advice_is_followed(void *address, size_t bytes)
{
    return madvise(address, bytes, MADV_NONSENSE) != 0;
}

static bool mark(void *address, size_t bytes)
{
    int known = atomic_load_explicit(&kind, memory_order_relaxed);
    if (known == MAPPINGS)
        return false;
    int saved = errno;
    bool done = madvise(address, bytes, MADV_GUARD_INSTALL) == 0 &&
                (known == MARKS || advice_is_followed(address, bytes));
    errno = saved;
    /* An old kernel says EINVAL, and so does a new one of locked memory; either way the other kind works. */
    if (done || known == UNKNOWN)
        atomic_store_explicit(&kind, done ? MARKS : MAPPINGS, memory_order_relaxed);
    return done;
}

static bool unmark(void *address, size_t bytes)
{
    int saved = errno;
    bool done = !guard_is_cheap() || madvise(address, bytes, MADV_GUARD_REMOVE) == 0;
    errno = saved;
    return done;
}

enum guard guard_install(void *address, size_t bytes)
{
    if (mark(address, bytes))
        return GUARD_MARKS;
    if (!spend())
        return GUARD_NONE;
    if (map_blank(address, bytes))
        return GUARD_MAPPING;
    give_back(1);
    return GUARD_NONE;
}

bool guard_narrow(void *address, size_t bytes)
{
    bool may_be_mapping = atomic_load_explicit(&budgeted, memory_order_relaxed) != 0;
    return unmark(address, bytes) && (!may_be_mapping || map_protect(address, bytes, PROT_READ | PROT_WRITE));
}

bool guard_remove(void *address, size_t bytes)
{
    if (!guard_narrow(address, bytes))
        return false;
    guard_forget(1);
    return true;
}

void guard_forget(unsigned guards)
{
    if (guards != 0 && atomic_load_explicit(&made, memory_order_relaxed) != 0)
        give_back((long)guards);
}

void guard_lift(void *address, size_t bytes)
{
    (void)map_protect(address, bytes, PROT_READ | PROT_WRITE);
}

void guard_economize(void)
{
    long count = atomic_load_explicit(&made, memory_order_relaxed);
    atomic_store_explicit(&budgeted, count + 1, memory_order_relaxed);
}
