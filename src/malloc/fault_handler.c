/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The handler of SIGSEGV, in processes with explain-faults. It was there first: programs that bring a handler
 * put it in the place of this one. What it has explained goes to whoever would have had it without.
 */
#include <errno.h>
#include <signal.h>
#include <ucontext.h>

#include "constants.h"
#include "fault_handler.h"
#include "faults.h"
#include "start.h"
#include "system.h"
#include "tags.h"

static struct sigaction before;

#if defined(__x86_64__)
static const char *instruction(const ucontext_t *context)
{
    return (const char *)context->uc_mcontext.gregs[REG_RIP];
}

static enum report_access access_of(const ucontext_t *context)
{
    return context->uc_mcontext.gregs[REG_ERR] & 2 ? REPORT_WRITE : REPORT_READ;
}
#elif defined(__aarch64__)
static const char *instruction(const ucontext_t *context)
{
    return (const char *)context->uc_mcontext.pc;
}

/* In the record that the kernel adds for faults, but emulators may not: the exception syndrome, whose bit 6
 * says "write". */
static enum report_access access_of(const ucontext_t *context)
{
    const char *at = (const char *)context->uc_mcontext.__reserved;
    const struct _aarch64_ctx *record = (const void *)at;
    while (record->magic != 0 && record->magic != ESR_MAGIC) {
        at += record->size;
        record = (const void *)at;
    }
    if (record->magic != ESR_MAGIC)
        return REPORT_USE;
    uint64_t syndrome = ((const struct esr_context *)(const void *)record)->esr;
    return syndrome & 1u << 6 ? REPORT_WRITE : REPORT_READ;
}
#else
static const char *instruction(const ucontext_t *context)
{
    (void)context;
    return NULL;
}

static enum report_access access_of(const ucontext_t *context)
{
    (void)context;
    return REPORT_USE;
}
#endif

#ifndef SEGV_MTESERR
#define SEGV_MTESERR 9
#endif

static bool is_by_tag(const siginfo_t *info)
{
    return info->si_code == SEGV_MTESERR;
}

/* What somebody may not touch is opened; where it was the wrong tag, the thread goes on without tags. */
static bool let_pass(const siginfo_t *info, const char *address)
{
    return is_by_tag(info) ? tags_give_up() : faults_let_pass(address);
}

/* A fault happens again on return, and then goes its own way; what somebody sent has to be sent again. */
static void pass_on(int number, siginfo_t *info)
{
    (void)sigaction(number, &before, NULL);
    if (info->si_code <= 0)
        (void)syscall(SYS_rt_tgsigqueueinfo, system_getpid(), system_gettid(), number, info);
}

static void explain(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    struct report report;
    const char *address =
        tags_strip(info->si_addr); /* the kernel says it without its tag, emulators may not */
    bool explained =
        info->si_code > 0 && faults_describe(address, access_of(context), is_by_tag(info), &report);
    if (explained) {
        const char *at = instruction(context);
        report.caller = at ? at + 1 : NULL;
        report.faulted = true;
        report_fault(&report);
    }
    if (!explained || !constants.reports.carry_on || !let_pass(info, address))
        pass_on(number, info);
    errno = saved;
}

void fault_handler_start(void)
{
    if (!constants.settings.explain_faults)
        return;
    struct sigaction action = {.sa_sigaction = explain, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    (void)sigaction(SIGSEGV, &action, &before);
}
