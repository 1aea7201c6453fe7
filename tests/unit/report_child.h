/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of reports share: examples of reports, and children that make them. */
#ifndef REPORT_CHILD_H
#define REPORT_CHILD_H

#include "unit.h"

#include <sys/socket.h>
#include <time.h>

/* The allocator has the same ones. */
#undef KIB
#undef MIB
#include "constants.h"
#include "report.h"

/* Reports are linked in without the allocator, and as if it had not started. */
struct constants constants = {.reports.use_journal = true};

#define ADDRESS ((void *)0x7f0000001000)

static const unsigned char damage[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static inline struct report example(enum report_kind kind)
{
    return (struct report){
        .kind = kind,
        .operation = "free",
        .address = ADDRESS,
        .requested_size = 24,
        .slot_size = 32,
        .offset = REPORT_UNKNOWN,
    };
}

static inline struct report overflow(void)
{
    struct report r = example(REPORT_HEAP_BUFFER_OVERFLOW);
    r.offset = 0;
    r.bytes = damage;
    r.byte_count = 3;
    return r;
}

struct outcome {
    int status; /* wait's */
    char text[200000];
};

static struct outcome outcome;

/* A report that hangs blocks all signals, but this one cannot be blocked. No report comes near this limit. */
static inline void end_some_day(void)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    struct itimerspec limit = {.it_value.tv_sec = 60};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &limit, NULL) != 0)
        _exit(99);
}

/* Run work(argument) in a child whose stderr is collected. The child exits 0 unless work ends it. */
static inline void run(void (*work)(void *), void *argument)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        default_signals();
        dup2(ends[1], STDERR_FILENO);
        close(ends[1]);
        close(ends[0]);
        end_some_day();
        work(argument);
        _exit(0);
    }
    assert_true(child > 0);
    close(ends[1]);
    size_t used = 0;
    ssize_t got;
    while ((got = read(ends[0], outcome.text + used, sizeof outcome.text - 1 - used)) > 0)
        used += (size_t)got;
    outcome.text[used] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &outcome.status, 0), child);
}

static inline void assert_aborted(void)
{
    assert_true(WIFSIGNALED(outcome.status));
    assert_int_equal(WTERMSIG(outcome.status), SIGABRT);
}

static inline void assert_went_on(void)
{
    assert_true(WIFEXITED(outcome.status));
    assert_int_equal(WEXITSTATUS(outcome.status), 0);
}

static inline size_t occurrences(const char *text, const char *of)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, of)) != NULL; at++)
        count++;
    return count;
}

static inline void carry_on(bool with_journal)
{
    constants.reports = (struct report_policy){.carry_on = true, .use_journal = with_journal};
}

static inline void report_overflow(void *argument)
{
    (void)argument;
    struct report r = overflow();
    report(&r);
}

#endif
