/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Processes with little: address space, mappings, no /proc, a strict seccomp filter, few descriptors. */
#include "unit.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum {
    ADDRESS_SPACE = 100 << 20
};

/* The heap still serves, keeps contents apart, and gives back what it gets. */
static size_t failures_of_ordinary_use(void)
{
    enum {
        BLOCKS = 200
    };
    static void *blocks[BLOCKS];
    size_t failures = 0;
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t size = i % 40 == 0 ? 150000 : i * 11 + 1;
            blocks[i] = malloc(size);
            if (blocks[i] == NULL)
                failures++;
            else
                fill(blocks[i], size, i);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t size = i % 40 == 0 ? 150000 : i * 11 + 1;
            if (blocks[i] != NULL && !intact(blocks[i], size, i))
                failures++;
            free(blocks[i]);
        }
    }
    return failures;
}

struct link {
    struct link *next;
};

/* Take blocks of one size until there are no more; then check, free all, and use the heap as if nothing had
 * been. */
static size_t failures_of_exhaustion(size_t size, size_t give_up_at)
{
    struct link *chain = NULL;
    size_t failures = 0;
    size_t taken = 0;
    for (;;) {
        errno = 0;
        struct link *block = malloc(size);
        if (block == NULL) {
            failures += errno != ENOMEM;
            break;
        }
        fill(block, size, taken);
        block->next = chain;
        chain = block;
        taken++;
        if (taken * size > give_up_at)
            return failures + 1;
    }
    /* An allocator that needs half of such a small space for itself is not fit for it. */
    failures += taken * size < ADDRESS_SPACE / 2;
    errno = 0;
    void *small = malloc(64);
    failures += small == NULL && errno != ENOMEM;
    free(small);
    if (chain != NULL) {
        void *grown = realloc(chain, 64 * MIB);
        failures += grown != NULL;
    }
    while (chain != NULL) {
        struct link *next = chain->next;
        taken--;
        const unsigned char *rest = (const unsigned char *)chain + sizeof *chain;
        for (size_t i = sizeof *chain; i < size; i++) {
            if (*rest++ != pattern(taken, i)) {
                failures++;
                break;
            }
        }
        free(chain);
        chain = next;
    }
    return failures;
}

static const size_t exhaustion_sizes[] = {100, 3000, 50000, 300000, 2000000};

/* Twice: what was freed must serve again. */
static int play_exhaustion_role(size_t size)
{
    size_t failures = failures_of_ordinary_use();
    failures += failures_of_exhaustion(size, 2 * (size_t)ADDRESS_SPACE);
    failures += failures_of_exhaustion(size, 2 * (size_t)ADDRESS_SPACE);
    return failures == 0 ? 0 : 1;
}

/* What blocks of one size took and gave back must serve those of all others, small and large. */
static int play_exhaustion_by_all_role(void)
{
    size_t failures = 0;
    for (size_t i = 0; i < COUNT(exhaustion_sizes); i++)
        failures += failures_of_exhaustion(exhaustion_sizes[i], 2 * (size_t)ADDRESS_SPACE);
    return failures == 0 ? 0 : 1;
}

static void limit_address_space(size_t size)
{
    struct rlimit limit = {size, size};
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        _exit(8);
}

static void start_in_small_address_space(void *role)
{
    limit_address_space(ADDRESS_SPACE);
    start_self(role);
}

static void it_works_in_an_address_space_limited_before_start(void **state)
{
    char role[32];
    (void)state;
    if (emulated())
        skip_because("the emulator does not apply RLIMIT_AS to the program");
    for (size_t i = 0; i < COUNT(exhaustion_sizes); i++) {
        snprintf(role, sizeof role, "exhaust %zu", exhaustion_sizes[i]);
        int status = status_of_child(start_in_small_address_space, role);
        if (status != 0)
            fail_msg("exhausted by blocks of %zu bytes: wait status %#x", exhaustion_sizes[i], status);
    }
}

static void freed_address_space_serves_other_sizes(void **state)
{
    char role[] = "exhaust-by-all";
    (void)state;
    if (emulated())
        skip_because("the emulator does not apply RLIMIT_AS to the program");
    assert_exits_0(status_of_child(start_in_small_address_space, role));
}

static void limit_after_start(void *unused)
{
    (void)unused;
    if (failures_of_ordinary_use() != 0)
        _exit(1);
    limit_address_space(ADDRESS_SPACE);
    for (size_t i = 0; i < COUNT(exhaustion_sizes); i++) {
        /* What this process had mapped before the limit counts against it, so a fresh one tests the amount.
         */
        while (malloc(exhaustion_sizes[i]) != NULL)
            ;
        if (errno != ENOMEM)
            _exit(2);
    }
    void *block = malloc(100);
    free(block);
}

static void it_survives_a_limit_set_after_start(void **state)
{
    (void)state;
    if (emulated())
        skip_because("the emulator does not apply RLIMIT_AS to the program");
    assert_exits_0(status_of_child(limit_after_start, NULL));
}

static void *use_the_heap_on_a_thread(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < 2000; i++)
        free(malloc(i));
    return NULL;
}

static int play_threads_role(void)
{
    pthread_attr_t small_stack;
    pthread_attr_init(&small_stack);
    pthread_attr_setstacksize(&small_stack, 256 * KIB);
    for (size_t i = 0; i < 100; i++) {
        pthread_t threads[8];
        for (size_t j = 0; j < COUNT(threads); j++) {
            if (pthread_create(&threads[j], &small_stack, use_the_heap_on_a_thread, NULL) != 0)
                return 1;
        }
        for (size_t j = 0; j < COUNT(threads); j++)
            pthread_join(threads[j], NULL);
    }
    return 0;
}

static void threads_work_in_a_small_address_space(void **state)
{
    (void)state;
    if (emulated())
        skip_because("the emulator does not apply RLIMIT_AS to the program");
    char role[] = "threads";
    assert_exits_0(status_of_child(start_in_small_address_space, role));
}

/* A chroot holds nothing of /proc, /sys or /etc. */
static void change_root(void *directory)
{
    if (chroot(directory) != 0 || chdir("/") != 0)
        _exit(9);
    if (access("/proc", F_OK) == 0)
        _exit(10);
    if (failures_of_ordinary_use() != 0)
        _exit(1);
    pthread_t thread;
    if (pthread_create(&thread, NULL, use_the_heap_on_a_thread, NULL) != 0)
        _exit(2);
    pthread_join(thread, NULL);
}

static void it_works_in_a_chroot_without_proc(void **state)
{
    char directory[] = "/tmp/compatmalloc-chroot-XXXXXX";
    (void)state;
    if (geteuid() != 0)
        skip_because("chroot needs root");
    assert_non_null(mkdtemp(directory));
    int status = status_of_child(change_root, directory);
    rmdir(directory);
    assert_exits_0(status);
}

/*
 * The filter of a sandboxed service after its start: memory calls and exit are allowed, all else fails with
 * EPERM, as systemd's SystemCallFilter= has it when SystemCallErrorNumber=EPERM.
 */
static void enter_sandbox(void *unused)
{
    static const unsigned int allowed[] = {
        SYS_brk,  SYS_mmap,  SYS_munmap,     SYS_mremap,    SYS_mprotect, SYS_madvise,
        SYS_exit, SYS_futex, SYS_exit_group, SYS_getrandom, SYS_write,
    };
    struct sock_filter program[COUNT(allowed) * 2 + 2];
    size_t length = 0;
    (void)unused;
    program[length++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < COUNT(allowed); i++) {
        program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
        program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    struct sock_fprog filter = {.len = (unsigned short)length, .filter = program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        _exit(11);
    if (failures_of_ordinary_use() != 0)
        _exit(1);
}

static void it_works_behind_a_strict_seccomp_filter(void **state)
{
    (void)state;
    if (emulated())
        skip_because("the emulator has no seccomp");
    assert_exits_0(status_of_child(enter_sandbox, NULL));
}

static void close_and_exhaust_descriptors(void *unused)
{
    struct rlimit none = {0, 0};
    (void)unused;
    for (int descriptor = 0; descriptor < 256; descriptor++)
        close(descriptor);
    if (setrlimit(RLIMIT_NOFILE, &none) != 0 || failures_of_ordinary_use() != 0)
        _exit(1);
}

static void it_works_without_descriptors(void **state)
{
    (void)state;
    assert_exits_0(status_of_child(close_and_exhaust_descriptors, NULL));
}

static void lock_all_memory(void *unused)
{
    (void)unused;
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        _exit(12);
    if (failures_of_ordinary_use() != 0)
        _exit(1);
    for (size_t size = 64 * KIB; size < 4 * MIB; size *= 2) {
        void *block = calloc(1, size);
        if (block == NULL || !all_zero(block, size))
            _exit(2);
        free(block);
    }
}

static void it_works_in_locked_memory(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip_because("mlockall beyond RLIMIT_MEMLOCK needs root");
    if (emulated())
        skip_because("the emulator's own memory would be locked too");
    assert_exits_0(status_of_child(lock_all_memory, NULL));
}

/* Map the first page from the block on where nothing is. */
static bool stand_in_the_way(const char *block)
{
    long page = sysconf(_SC_PAGESIZE);
    uintptr_t at = (uintptr_t)block & ~((uintptr_t)page - 1);
    for (size_t tries = 0; tries < 100000; tries++, at += (uintptr_t)page) {
        void *hint = (void *)at; /* NOLINT(performance-no-int-to-ptr) */
        if (mmap(hint, (size_t)page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
            hint)
            return true;
    }
    return false;
}

/* Something is in the way of a class, and then there is no memory for going on behind it: part of what the
 * class went past is without metadata. */
static void meet_obstacle_in_need(void *unused)
{
    struct rlimit before, none = {0, RLIM_INFINITY};
    struct link *chain = NULL, *block;
    (void)unused;
    for (size_t i = 0; i < 100; i++, chain = block) { /* in the strict profile the first ones are elsewhere */
        if ((block = malloc(24)) == NULL)
            _exit(2);
        block->next = chain;
    }
    if (!stand_in_the_way((char *)chain) || getrlimit(RLIMIT_AS, &before) != 0 ||
        setrlimit(RLIMIT_AS, &none) != 0)
        _exit(13);
    for (; (block = malloc(24)) != NULL; chain = block)
        block->next = chain;
    while ((block = chain) != NULL) {
        chain = block->next;
        free(block);
    }
    if (malloc(opaque_size(SIZE_MAX / 4)) != NULL)
        _exit(3);
    malloc_trim(0);
    if (setrlimit(RLIMIT_AS, &before) != 0)
        _exit(13);
    if (failures_of_ordinary_use() != 0)
        _exit(4);
}

static void it_survives_an_obstacle_without_memory(void **state)
{
    (void)state;
    if (emulated())
        skip_because("the emulator's own memory would be limited too");
    assert_exits_0(status_of_child(meet_obstacle_in_need, NULL));
}

int main(int argc, char **argv)
{
    if (argc == 2 && strncmp(argv[1], "exhaust ", 8) == 0)
        return play_exhaustion_role(strtoull(argv[1] + 8, NULL, 10));
    if (argc == 2 && strcmp(argv[1], "exhaust-by-all") == 0)
        return play_exhaustion_by_all_role();
    if (argc == 2 && strcmp(argv[1], "threads") == 0)
        return play_threads_role();

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_works_in_an_address_space_limited_before_start),
        cmocka_unit_test(freed_address_space_serves_other_sizes),
        cmocka_unit_test(it_survives_a_limit_set_after_start),
        cmocka_unit_test(threads_work_in_a_small_address_space),
        cmocka_unit_test(it_works_in_a_chroot_without_proc),
        cmocka_unit_test(it_works_behind_a_strict_seccomp_filter),
        cmocka_unit_test(it_works_without_descriptors),
        cmocka_unit_test(it_survives_an_obstacle_without_memory),
        cmocka_unit_test(it_works_in_locked_memory),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
