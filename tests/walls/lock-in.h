/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A filter that leaves a process memory, futexes, and what a report needs to be written and to end it. */
#ifndef LOCK_IN_H
#define LOCK_IN_H

#include "blocks.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned number;
} allowed[] = {
    {"mmap", SYS_mmap},
    {"munmap", SYS_munmap},
    {"mremap", SYS_mremap},
    {"mprotect", SYS_mprotect},
    {"madvise", SYS_madvise},
    {"futex", SYS_futex},
    {"write", SYS_write},
    {"getpid", SYS_getpid},
    {"gettid", SYS_gettid},
    {"tgkill", SYS_tgkill},
    {"rt_sigprocmask", SYS_rt_sigprocmask},
    {"rt_sigaction", SYS_rt_sigaction},
    {"rt_sigreturn", SYS_rt_sigreturn},
    {"sched_yield", SYS_sched_yield}, /* the test's own: its threads wait for each other */
    {"exit_group", SYS_exit_group},
};

/* All other calls are answered so, and the one by that name too. */
static bool lock_in(unsigned otherwise, const char *except)
{
    struct sock_filter program[2 * COUNT(allowed) + 2];
    unsigned short length = 0;
    program[length++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < COUNT(allowed); i++) {
        if (strcmp(allowed[i].name, except) == 0)
            continue;
        program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i].number, 0, 1);
        program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
    struct sock_fprog filter = {.len = length, .filter = program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

#endif
