/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A mutex of one word on futex(2), after U. Drepper, "Futexes Are Tricky" (2011), mutex 2. For the start,
 * which must happen once; what threads share after that needs none (turn.h).
 *
 * Not pthread_mutex_t: it must work before libc's own constructors.
 */
#ifndef LOCK_H
#define LOCK_H

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform.h"

struct lock {
    _Atomic(uint32_t) word; /* 0 free, 1 held, 2 held and somebody may sleep */
};

static inline void lock_wait(struct lock *lock)
{
    int saved = errno;
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0)
        (void)syscall(SYS_futex, &lock->word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
    errno = saved;
}

static inline void lock_acquire(struct lock *lock)
{
    uint32_t expected = 0;
    if (unlikely(!atomic_compare_exchange_strong_explicit(&lock->word, &expected, 1, memory_order_acquire,
                                                          memory_order_relaxed)))
        lock_wait(lock);
}

static inline void lock_release(struct lock *lock)
{
    if (unlikely(atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2)) {
        int saved = errno;
        (void)syscall(SYS_futex, &lock->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        errno = saved;
    }
}

#endif
