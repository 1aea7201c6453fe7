/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "caller.h"
#include "format.h"
#include "report_origin.h"
#include "report_output.h"
#include "report_text.h"

/* In a process that carries on, so many reports of one kind are printed; the rest are only counted. */
enum {
    PRINTED_PER_KIND = 16
};

/* How long a full stderr may hold up a process, in milliseconds: one that is to carry on, and one that is to
 * die. */
enum {
    PATIENCE = 1000,
    LAST_PATIENCE = 10000
};

/* How long a thread waits for another one's report to be done, in milliseconds. */
enum {
    GUARD_PATIENCE = 30000
};

__thread const void *caller_noted;

static struct report_policy policy = {.abort_on_error = 1, .use_journal = 1};
static atomic_size_t total;
static atomic_size_t total_of_kind[REPORT_KINDS];

void report_configure(const struct report_policy *new_policy)
{
    policy = *new_policy;
}

size_t report_count(void)
{
    return atomic_load_explicit(&total, memory_order_relaxed);
}

/* --- one report at a time --------------------------------------------------------------------- */

/* Process and thread of the one that is reporting; 0 for none. */
static _Atomic(uint64_t) reporter;

enum turn {
    TURN_OURS,
    TURN_OURS_AGAIN,
    TURN_NEVER_CAME
};

/* By futex(2), which sandboxes let through where they may not know nanosleep(2). */
static void pause_for_other(uint64_t found)
{
    struct timespec millisecond = {.tv_nsec = 1000000};
    syscall(SYS_futex, &reporter, FUTEX_WAIT_PRIVATE, (uint32_t)found, &millisecond, NULL, 0);
}

/*
 * A reporter that is about to abort keeps its turn, so that nothing else is printed by a dying process. It
 * gets here again when a handler of SIGABRT, or what the handler jumped to, misuses the heap once more.
 */
static enum turn take_turn(uint64_t self)
{
    for (int waited = 0; waited < GUARD_PATIENCE; waited++) {
        uint64_t found = 0;
        if (atomic_compare_exchange_strong(&reporter, &found, self))
            return TURN_OURS;
        if (found == self)
            return TURN_OURS_AGAIN;
        /* A fork while another thread was reporting leaves the child with a turn that nobody will give back.
         */
        bool in_this_process = found >> 32 == self >> 32;
        if (!in_this_process && atomic_compare_exchange_strong(&reporter, &found, self))
            return TURN_OURS;
        pause_for_other(found);
    }
    return TURN_NEVER_CAME;
}

static void give_turn_back(void)
{
    atomic_store(&reporter, 0);
}

static uint64_t this_thread(pid_t pid, pid_t tid)
{
    return (uint64_t)(uint32_t)pid << 32 | (uint32_t)tid;
}

/* --- nothing in between -------------------------------------------------------------------------- */

/* A signal handler that ran in the middle could report too, or never come back; and what a report calls are
 * cancellation points, at which the thread could end with the turn. */
struct undisturbed {
    sigset_t signals;
    int cancelability;
};

static struct undisturbed undisturbed_begin(void)
{
    struct undisturbed before;
    sigset_t all;
    sigfillset(&all);
    sigemptyset(&before.signals);
    pthread_sigmask(SIG_SETMASK, &all, &before.signals);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before.cancelability);
    return before;
}

static void undisturbed_end(const struct undisturbed *before)
{
    pthread_setcancelstate(before->cancelability, NULL);
    pthread_sigmask(SIG_SETMASK, &before->signals, NULL);
}

/* --- the report ------------------------------------------------------------------------------- */

/* Not on the stack: programs misuse their heaps on stacks of a few KiB too. Used by whoever has the turn. */
static char message[REPORT_MAX_STDERR];
static char fields[8192];
static char program[1024];
static char call_site[1280];

static void print(const struct report *report, pid_t pid, pid_t tid, bool is_last_of_kind)
{
    struct report_circumstances circumstances = {
        .report = report,
        .pid = (uint64_t)pid,
        .tid = (uint64_t)tid,
        .program = {program, sizeof program, 0},
        .call_site = {call_site, sizeof call_site, 0},
        .is_last_of_kind = is_last_of_kind,
    };
    const void *caller = report->caller ? report->caller : caller_noted;
    report_put_program(&circumstances.program);
    if (caller)
        report_put_call_site(&circumstances.call_site, caller);

    struct text lines = {message, sizeof message, 0};
    report_put_lines(&lines, &circumstances);
    report_write_stderr(&lines, policy.abort_on_error ? LAST_PATIENCE : PATIENCE);
    if (policy.use_journal) {
        struct text journal = {fields, sizeof fields, 0};
        report_put_journal_fields(&journal, &circumstances);
        report_send_journal(&journal);
    }
}

/* Without a chance for the program's own handler, which has had it or would only misuse the heap again. */
static _Noreturn void abort_unconditionally(void)
{
    signal(SIGABRT, SIG_DFL);
    abort();
}

void report(const struct report *report)
{
    int saved_errno = errno;
    atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
    size_t nth = atomic_fetch_add_explicit(&total_of_kind[report->kind], 1, memory_order_relaxed) + 1;
    if (!policy.abort_on_error && nth > PRINTED_PER_KIND)
        return;

    struct undisturbed before = undisturbed_begin();
    pid_t pid = getpid(), tid = gettid();
    enum turn turn = take_turn(this_thread(pid, tid));
    if (turn != TURN_NEVER_CAME)
        print(report, pid, tid, !policy.abort_on_error && nth == PRINTED_PER_KIND);
    if (turn == TURN_OURS && !policy.abort_on_error)
        give_turn_back();
    undisturbed_end(&before);

    if (policy.abort_on_error && turn != TURN_OURS)
        abort_unconditionally();
    if (policy.abort_on_error)
        abort();
    errno = saved_errno;
}

void report_warning(const char *text, size_t length)
{
    int saved_errno = errno;
    struct undisturbed before = undisturbed_begin();
    enum turn turn = take_turn(this_thread(getpid(), gettid()));
    if (turn != TURN_NEVER_CAME) {
        struct text line = {message, sizeof message - 1, 0};
        text_string(&line, "compatmalloc: ");
        text_quoted(&line, text, length);
        line.size++;
        text_string(&line, "\n");
        report_write_stderr(&line, PATIENCE);
    }
    if (turn == TURN_OURS)
        give_turn_back();
    undisturbed_end(&before);
    errno = saved_errno;
}
