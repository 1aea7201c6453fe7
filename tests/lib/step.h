/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The CPU's trap flag: while it is set, there is a SIGTRAP after every instruction of this thread. */
#ifndef STEP_H
#define STEP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#if defined(__x86_64__)
#define CAN_STEP  true
#define TRAP_FLAG 0x100
static inline void step(bool on)
{
    /* Below the stack pointer are 128 bytes that belong to the compiler. */
    if (on)
        __asm__ volatile("sub $128, %%rsp\npushfq\norq $0x100, (%%rsp)\npopfq\nadd $128, %%rsp" ::
                             : "memory", "cc");
    else
        __asm__ volatile("sub $128, %%rsp\npushfq\nandq $~0x100, (%%rsp)\npopfq\nadd $128, %%rsp" ::
                             : "memory", "cc");
}

/* From a handler, for what was interrupted. */
static inline void step_no_further(void *context)
{
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}
#else
#define CAN_STEP false
static inline void step(bool on)
{
    (void)on;
}

static inline void step_no_further(void *context)
{
    (void)context;
}
#endif

#endif
