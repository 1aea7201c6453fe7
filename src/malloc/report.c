/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "caller.h"
#include "confined.h"
#include "constants.h"
#include "format.h"
#include "report_limit.h"
#include "report_origin.h"
#include "report_output.h"
#include "report_text.h"
#include "sites.h"
#include "system.h"

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

static atomic_size_t total;

/* For the summary of the process with that number: a child begins anew. */
static struct {
    _Atomic(pid_t) process;
    atomic_size_t of_kind[REPORT_KINDS];
    atomic_size_t unprinted;
} counts;

static void count(enum report_kind kind, bool printed)
{
    pid_t self = system_getpid();
    if (atomic_exchange(&counts.process, self) != self) {
        for (unsigned i = 0; i < REPORT_KINDS; i++)
            atomic_store(&counts.of_kind[i], 0);
        atomic_store(&counts.unprinted, 0);
    }
    atomic_fetch_add(&counts.of_kind[kind], 1);
    if (!printed)
        atomic_fetch_add(&counts.unprinted, 1);
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
#define SIGCANCEL 32 /* libc's own, which it never blocks: that of pthread_cancel() */
#define SIGSETXID 33 /* and that by which setuid() reaches all threads */

struct undisturbed {
    uint64_t signals;
    int cancelability;
};

static struct undisturbed undisturbed_begin(void)
{
    struct undisturbed before;
    uint64_t all = ~(SIGNAL_BIT(SIGCANCEL) | SIGNAL_BIT(SIGSETXID));
    before.signals = 0;
    system_sigprocmask(SIG_SETMASK, &all, &before.signals);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before.cancelability);
    return before;
}

static void undisturbed_end(const struct undisturbed *before)
{
    pthread_setcancelstate(before->cancelability, NULL);
    system_sigprocmask(SIG_SETMASK, &before->signals, NULL);
}

/* --- the report ------------------------------------------------------------------------------- */

/* Not on the stack: programs misuse their heaps on stacks of a few KiB too. Used by whoever has the turn. */
SELDOM static char message[REPORT_MAX_STDERR];
SELDOM static char fields[8192];
SELDOM static char program[1024], cgroup[1024];
SELDOM static char call_site[1280], allocated_from[1280], freed_from[1280];

/* Everything has been told, in words and as fields, to those who are there to listen. */
static void print_text(const struct text *lines, const struct text *journal)
{
    if (lines->used > 0)
        report_write_stderr(lines, constants.reports.carry_on ? PATIENCE : LAST_PATIENCE);
    if (constants.reports.use_journal)
        report_send_journal(journal);
}

struct places {
    const void *caller;
    struct sites sites;
};

static struct places places_of(const struct report *report)
{
    bool is_its_own = report->caller || report->faulted;
    return (struct places){is_its_own ? report->caller : caller_noted, sites_of(report->address)};
}

static void name_places(struct report_circumstances *circumstances, const struct places *places,
                        void (*put)(struct text *text, const void *return_address))
{
    if (places->caller)
        put(&circumstances->call_site, places->caller);
    if (places->sites.allocated)
        put(&circumstances->allocated_from, places->sites.allocated);
    if (places->sites.freed)
        put(&circumstances->freed_from, places->sites.freed);
}

/*
 * A process that may be killed for the first thing it asks writes what it knows before. Of that, *lines is
 * left with what could not be written. One that is to carry on is not held up by a stderr that is full.
 */
static bool print_confined(struct text *lines, struct report_circumstances *known,
                           const struct places *places)
{
    if (constants.reports.carry_on || !confined_perhaps())
        return false;
    report_put_program_from_start(&known->program);
    name_places(known, places, report_put_call_site_of_program);
    struct text all = *lines;
    report_put_lines(&all, known);
    size_t written = report_write_confined(&all);
    if (written > 0)
        *lines = (struct text){all.start + written, all.size - written, all.used - written};
    return written > 0;
}

static bool all_is_known(const struct report_circumstances *known, const struct places *places)
{
    return !constants.reports.use_journal && (!places->caller || known->call_site.used > 0) &&
           (!places->sites.allocated || known->allocated_from.used > 0) &&
           (!places->sites.freed || known->freed_from.used > 0);
}

/* What had to be asked for. */
static void put_further_places(struct text *lines, struct report_circumstances all,
                               const struct report_circumstances *known)
{
    if (known->call_site.used > 0)
        all.call_site.used = 0;
    if (known->allocated_from.used > 0)
        all.allocated_from.used = 0;
    if (known->freed_from.used > 0)
        all.freed_from.used = 0;
    report_put_places(lines, &all);
}

static void print(const struct report *report, pid_t pid, pid_t tid, struct report_permit permit)
{
    struct report_circumstances circumstances = {
        .report = report,
        .pid = (uint64_t)pid,
        .tid = (uint64_t)tid,
        .program = {program, sizeof program, 0},
        .cgroup = {cgroup, sizeof cgroup, 0},
        .call_site = {call_site, sizeof call_site, 0},
        .allocated_from = {allocated_from, sizeof allocated_from, 0},
        .freed_from = {freed_from, sizeof freed_from, 0},
        .is_last_for_now = permit.last_for_now,
        .unprinted = permit.unprinted,
    };
    struct text lines = {message, sizeof message, 0}, journal = {fields, sizeof fields, 0};
    struct places places = places_of(report);
    struct report_circumstances known = circumstances;
    bool told = print_confined(&lines, &known, &places);
    if (told && lines.used == 0 && all_is_known(&known, &places))
        return;

    report_put_program(&circumstances.program);
    if (constants.reports.use_journal)
        report_put_cgroup(&circumstances.cgroup);
    name_places(&circumstances, &places, report_put_call_site);
    if (told)
        put_further_places(&lines, circumstances, &known);
    else
        report_put_lines(&lines, &circumstances);
    report_put_journal_fields(&journal, &circumstances);
    print_text(&lines, &journal);
}

/* Without a chance for the program's own handler, which has had it or would only misuse the heap again. */
static _Noreturn void abort_unconditionally(void)
{
    struct sigaction by_default = {.sa_handler = SIG_DFL};
    (void)sigaction(SIGABRT, &by_default, NULL);
    abort();
}

static struct report_permit count_and_ask(enum report_kind kind)
{
    struct report_permit permit = {.print = true};
    if (constants.reports.carry_on)
        permit = report_limit_ask(kind);
    count(kind, permit.print);
    return permit;
}

/* Count it, and print it if it is to be; the turn is kept by those who will abort. */
static enum turn announce(const struct report *report, bool returns)
{
    atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
    struct report_permit permit = count_and_ask(report->kind);
    if (!permit.print)
        return TURN_OURS;
    struct undisturbed before = undisturbed_begin();
    pid_t pid = system_getpid(), tid = system_gettid();
    enum turn turn = take_turn(this_thread(pid, tid));
    if (turn != TURN_NEVER_CAME)
        print(report, pid, tid, permit);
    if (turn == TURN_OURS && returns)
        give_turn_back();
    undisturbed_end(&before);
    return turn;
}

void report(const struct report *report)
{
    int saved_errno = errno;
    bool carry_on = constants.reports.carry_on;
    enum turn turn = announce(report, carry_on);
    if (!carry_on && turn != TURN_OURS)
        abort_unconditionally();
    if (!carry_on)
        abort();
    errno = saved_errno;
}

void report_fault(const struct report *report)
{
    int saved_errno = errno;
    (void)announce(report, true);
    errno = saved_errno;
}

static void print_summary(void)
{
    struct report_summary summary = {.unprinted = counts.unprinted,
                                     .pid = (uint64_t)system_getpid(),
                                     .program = {program, sizeof program, 0}};
    for (unsigned i = 0; i < REPORT_KINDS; i++)
        summary.of_kind[i] = counts.of_kind[i];
    report_put_program(&summary.program);
    struct text line = {message, sizeof message, 0}, journal = {fields, sizeof fields, 0};
    report_put_summary(&line, &summary);
    report_put_summary_fields(&journal, &summary);
    print_text(&line, &journal);
}

void report_summary(void)
{
    int saved_errno = errno;
    if (constants.reports.carry_on && counts.process == system_getpid() &&
        report_limit_ask(REPORT_SUMMARY).print) {
        struct undisturbed before = undisturbed_begin();
        enum turn turn = take_turn(this_thread(system_getpid(), system_gettid()));
        if (turn != TURN_NEVER_CAME)
            print_summary();
        if (turn == TURN_OURS)
            give_turn_back();
        undisturbed_end(&before);
    }
    errno = saved_errno;
}

void report_warning(const char *text, size_t length)
{
    int saved_errno = errno;
    struct undisturbed before = undisturbed_begin();
    enum turn turn = take_turn(this_thread(system_getpid(), system_gettid()));
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
