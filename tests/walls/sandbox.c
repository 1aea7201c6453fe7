/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A process that has locked itself in after its start: of the kernel it may ask for memory, for futexes, and
 * for what a report needs to be written and to end the process.
 *
 * - sandbox heap EPERM|ENOSYS|kill [CALL]: use the heap. What is not allowed fails so, or kills; with CALL,
 *   that one of the allowed calls fails as well
 * - sandbox report EPERM|ENOSYS [CALL]: free a block twice
 */
#include "shelf.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum {
    PLACES = 300,
    CALLS = 30000,
    LARGEST = 3000000
};

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
    {"exit_group", SYS_exit_group},
};

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
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static int use_heap(bool scarce)
{
    static struct shelf_place places[PLACES];
    struct shelf shelf = {.places = places, .count = PLACES};
    uint64_t random = 21;
    for (size_t i = 0; i < CALLS; i++)
        shelf_random_call(&shelf, &random, LARGEST);
    malloc_trim(0);
    for (size_t i = 0; i < CALLS; i++)
        shelf_random_call(&shelf, &random, LARGEST);
    shelf_release_all(&shelf);
    return shelf.wrong == 0 && heap_problems() == 0 && (scarce || shelf.refused == 0) ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "", *how = argc > 2 ? argv[2] : "",
               *except = argc > 3 ? argv[3] : "";
    unsigned otherwise = strcmp(how, "EPERM") == 0    ? SECCOMP_RET_ERRNO | EPERM
                         : strcmp(how, "ENOSYS") == 0 ? SECCOMP_RET_ERRNO | ENOSYS
                                                      : SECCOMP_RET_KILL_PROCESS;
    char *block = malloc(100);
    if (!block || !lock_in(otherwise, except)) {
        perror("seccomp");
        return 2;
    }
    if (strcmp(role, "report") == 0) {
        free(block);
        free(opaque(block));
        _exit(3);
    }
    _exit(use_heap(except[0] != '\0'));
}
