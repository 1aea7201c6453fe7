/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report_limit.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "constants.h"

#define PRINTED_AT_FIRST 16u
#define INTERVAL         3600u /* seconds */

struct report_tally {
    struct {
        _Atomic(uint32_t) printed; /* and attempts */
        _Atomic(uint32_t) unprinted;
        _Atomic(uint32_t) next_at; /* seconds of the monotonic clock */
    } subjects[REPORT_KINDS + 1];
};

static struct report_tally unshared;

struct report_tally *report_limit_share(void)
{
    void *page =
        mmap(NULL, sizeof(struct report_tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : page;
}

static uint32_t now(void)
{
    struct timespec time = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return (uint32_t)time.tv_sec;
}

/* One more has become due, and nobody else prints it. */
static bool is_due(_Atomic(uint32_t) *next_at)
{
    uint32_t time = now(), next = *next_at;
    return (int32_t)(time - next) >= 0 && atomic_compare_exchange_strong(next_at, &next, time + INTERVAL);
}

struct report_permit report_limit_ask(unsigned subject)
{
    struct report_tally *tally = constants.reports.tally ? constants.reports.tally : &unshared;
    _Atomic(uint32_t) *printed = &tally->subjects[subject].printed;
    _Atomic(uint32_t) *unprinted = &tally->subjects[subject].unprinted;
    _Atomic(uint32_t) *next_at = &tally->subjects[subject].next_at;
    if (atomic_load(printed) < PRINTED_AT_FIRST) {
        uint32_t before = atomic_fetch_add(printed, 1);
        bool last = before + 1 == PRINTED_AT_FIRST;
        if (last)
            atomic_store(next_at, now() + INTERVAL);
        if (before < PRINTED_AT_FIRST)
            return (struct report_permit){.print = true, .last_for_now = last};
    }
    /* Before the last of the first few has said so, nothing is due. */
    if (atomic_load(next_at) != 0 && is_due(next_at))
        return (struct report_permit){
            .print = true, .last_for_now = true, .unprinted = atomic_exchange(unprinted, 0)};
    atomic_fetch_add(unprinted, 1);
    return (struct report_permit){0};
}
