/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "turn.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fork.h"

#define SLEEPERS UINT64_C(1)

/* Where futex(2) does not work, as behind a seccomp filter, so many looks are all the patience there is. */
#define LOOKS 1000

static uint64_t this_thread(void)
{
    static __thread uint64_t own __attribute__((tls_model("initial-exec")));
    return (uintptr_t)&own;
}

static bool change(struct turn *turn, uint64_t from, uint64_t to)
{
    return atomic_compare_exchange_strong_explicit(&turn->holder, &from, to, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* futex(2) knows words of 32 bits: here the lower half, which is the one that differs between holders. */
static long futex(struct turn *turn, int operation, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, &turn->holder, operation, value, timeout, NULL, 0);
}

/* Sleep until the turn is given back. False if it has not been for a second. */
static bool sleep_on(struct turn *turn, uint64_t holder)
{
    struct timespec patience = {.tv_sec = 1};
    return futex(turn, FUTEX_WAIT_PRIVATE, (uint32_t)holder, &patience) == 0 || errno != ETIMEDOUT;
}

static NOINLINE void wait_for(struct turn *turn, uint64_t self)
{
    int saved = errno;
    fork_check();
    for (int look = 0; look < LOOKS; look++) {
        uint64_t holder = atomic_load_explicit(&turn->holder, memory_order_relaxed);
        uint64_t sleeping = holder | SLEEPERS;
        if ((holder & ~SLEEPERS) == self)
            break;
        /* Whoever has slept cannot know whether others still do. */
        if (holder == 0 && change(turn, holder, self | SLEEPERS))
            break;
        if (holder == 0 || (holder != sleeping && !change(turn, holder, sleeping)))
            continue;
        if (!sleep_on(turn, sleeping) && change(turn, sleeping, self | SLEEPERS))
            break;
    }
    errno = saved;
}

void turn_take(struct turn *turn)
{
    uint64_t self = this_thread();
    if (unlikely(!change(turn, 0, self)))
        wait_for(turn, self);
}

void turn_give_back(struct turn *turn)
{
    uint64_t holder = this_thread();
    if (likely(atomic_compare_exchange_strong_explicit(&turn->holder, &holder, 0, memory_order_release,
                                                       memory_order_relaxed)))
        return;
    /* There are sleepers; or it is somebody else's by now, who did not want to wait any longer. */
    if (holder != (this_thread() | SLEEPERS) ||
        !atomic_compare_exchange_strong_explicit(&turn->holder, &holder, 0, memory_order_release,
                                                 memory_order_relaxed))
        return;
    int saved = errno;
    (void)futex(turn, FUTEX_WAKE_PRIVATE, 1, NULL);
    errno = saved;
}

void turn_reset(struct turn *turn)
{
    atomic_store_explicit(&turn->holder, 0, memory_order_relaxed);
}

/* By futex(2), which sandboxes let through where they may not know nanosleep(2). */
void turn_pause(void)
{
    struct turn nobodys = {0};
    struct timespec millisecond = {.tv_nsec = 1000000};
    int saved = errno;
    (void)futex(&nobodys, FUTEX_WAIT_PRIVATE, 0, &millisecond);
    errno = saved;
}
