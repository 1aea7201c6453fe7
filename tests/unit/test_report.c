/* links: malloc/report.o malloc/report_limit.o malloc/sites.o malloc/report_text.o malloc/report_output.o
 * malloc/report_origin.o malloc/confined.o malloc/executable.o malloc/map.o config/format.o
 */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reports: what becomes of the process that makes one. */
#include "report_child.h"

#define PREFIX        "compatmalloc: "
#define DETAIL_PREFIX "compatmalloc:   "
#define PRINTED       16 /* reports of one kind that are printed when the program carries on */

/* --- the end of the process ------------------------------------------------------------------- */

static void a_report_aborts(void **state)
{
    (void)state;
    run(report_overflow, NULL);
    assert_aborted();
    assert_int_equal(occurrences(outcome.text, "compatmalloc: heap-buffer-overflow: "), 1);
}

static void all_lines_arrive_in_one_write(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    /* Each read takes one write; the first is kept, and anything after it would follow in the text. */
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        default_signals();
        dup2(ends[1], STDERR_FILENO);
        report_overflow(NULL);
        _exit(0);
    }
    close(ends[1]);
    ssize_t first = read(ends[0], outcome.text, sizeof outcome.text);
    assert_true(first > 0);
    assert_int_equal(outcome.text[first - 1], '\n');
    outcome.text[first] = '\0';
    assert_non_null(strstr(outcome.text, "heap-buffer-overflow"));
    assert_non_null(strstr(outcome.text, "version: "));
    /* An emulator has a word of its own to say of an abort. */
    char second[16];
    ssize_t more = read(ends[0], second, sizeof second);
    if (emulated() && more > 0)
        assert_memory_equal(second, "qemu: ", 6);
    else
        assert_int_equal(more, 0);
    close(ends[0]);
    assert_int_equal(waitpid(child, &outcome.status, 0), child);
    assert_aborted();
}

static void report_from_handler(int signal)
{
    (void)signal;
    struct report r = example(REPORT_DOUBLE_FREE);
    report(&r);
}

static void report_with_a_handler_that_reports(void *argument)
{
    signal(SIGABRT, report_from_handler);
    report_overflow(argument);
}

static void a_handler_of_the_abort_that_trips_again_ends_the_process(void **state)
{
    (void)state;
    run(report_with_a_handler_that_reports, NULL);
    assert_aborted();
    assert_int_equal(occurrences(outcome.text, "compatmalloc: heap-buffer-overflow: "), 1);
    assert_int_equal(occurrences(outcome.text, "compatmalloc: double-free: "), 1);
}

static void fork_from_handler(int number)
{
    pid_t child = fork();
    if (child == 0) {
        signal(number, SIG_DFL);
        struct report r = example(REPORT_BAD_FREE);
        report(&r);
    }
    int status = 0;
    if (waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
        _exit(0);
    _exit(1);
}

static void report_with_a_handler_that_forks(void *argument)
{
    signal(SIGABRT, fork_from_handler);
    report_overflow(argument);
}

static void a_child_forked_during_a_report_can_report(void **state)
{
    (void)state;
    run(report_with_a_handler_that_forks, NULL);
    assert_went_on();
    assert_int_equal(occurrences(outcome.text, "compatmalloc: heap-buffer-overflow: "), 1);
    assert_int_equal(occurrences(outcome.text, "compatmalloc: bad-free: "), 1);
}

static void *report_on_thread(void *argument)
{
    pthread_barrier_wait(argument);
    report_overflow(NULL);
    return NULL;
}

static void report_on_four_threads(void *argument)
{
    (void)argument;
    pthread_barrier_t together;
    pthread_t threads[4];
    pthread_barrier_init(&together, NULL, COUNT(threads));
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, report_on_thread, &together);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
}

static void a_dying_process_reports_once(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        run(report_on_four_threads, NULL);
        assert_aborted();
        assert_int_equal(occurrences(outcome.text, "compatmalloc: heap-buffer-overflow: "), 1);
        assert_int_equal(occurrences(outcome.text, "compatmalloc:   version: "), 1);
    }
}

/* --- carrying on ------------------------------------------------------------------------------ */

static void report_and_carry_on(void *argument)
{
    (void)argument;
    carry_on(false);
    struct report r = overflow();
    errno = ENOTTY;
    for (int i = 0; i < PRINTED + 10; i++)
        report(&r);
    if (errno != ENOTTY || report_count() != PRINTED + 10)
        _exit(1);
    r = example(REPORT_DOUBLE_FREE);
    report(&r);
    report_warning("x", 1);
    if (errno != ENOTTY || report_count() != PRINTED + 11)
        _exit(2);
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int number = 1; number < SIGRTMIN; number++)
        if (sigismember(&blocked, number) == 1)
            _exit(3);
}

static void in_log_mode_the_process_goes_on_and_counts(void **state)
{
    (void)state;
    run(report_and_carry_on, NULL);
    assert_went_on();
}

static void repetitions_are_counted_but_not_printed_for_ever(void **state)
{
    (void)state;
    run(report_and_carry_on, NULL);
    assert_int_equal(occurrences(outcome.text, "compatmalloc: heap-buffer-overflow: "), PRINTED);
    assert_int_equal(occurrences(outcome.text, "compatmalloc: double-free: "), 1);
    assert_int_equal(occurrences(outcome.text, "counted, but not printed"), 1);
    const char *note = strstr(outcome.text, "counted, but not printed");
    assert_int_equal(occurrences(note, "heap-buffer-overflow"), 0);
}

static size_t report_own_numbers(size_t number)
{
    for (size_t i = 0; i < 4; i++) {
        struct report r = example((enum report_kind)((number + i) % 2));
        r.address = (void *)(0x1000 * (number + 1));
        r.requested_size = 0x1000 * (number + 1);
        report(&r);
    }
    return 0;
}

static void report_on_threads_and_carry_on(void *argument)
{
    (void)argument;
    carry_on(false);
    failures_on_threads(8, report_own_numbers);
}

static void threads_do_not_mix_their_reports(void **state)
{
    (void)state;
    run(report_on_threads_and_carry_on, NULL);
    assert_went_on();
    size_t reports = 0;
    unsigned long size = 0, address = 0;
    char kind[32];
    for (char *line = strtok(outcome.text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, DETAIL_PREFIX, strlen(DETAIL_PREFIX)) != 0) {
            reports++;
            const char *block = strstr(line, " of a");
            assert_non_null(block);
            assert_int_equal(sscanf(line, PREFIX "%31[a-z-]:", kind), 1);
            assert_int_equal(
                sscanf(strpbrk(block, "0123456789"), "%lu-byte block at 0x%lx (", &size, &address), 2);
            assert_int_equal(size, address);
        } else if (strstr(line, "requested size")) {
            unsigned long detail = 0;
            assert_int_equal(sscanf(line, DETAIL_PREFIX "requested size: %lu", &detail), 1);
            assert_int_equal(detail, size);
        }
    }
    assert_int_equal(reports, 2 * PRINTED);
}

static void *report_warn_and_return(void *argument)
{
    report_overflow(argument);
    report_warning("also on a small stack", 21);
    return NULL;
}

static void report_on_smallest_stack(void *argument)
{
    carry_on(true);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN));
    if (pthread_create(&thread, &attributes, report_warn_and_return, argument) != 0)
        _exit(1);
    pthread_join(thread, NULL);
}

static void the_smallest_stack_is_enough(void **state)
{
    (void)state;
    run(report_on_smallest_stack, NULL);
    assert_went_on();
    assert_non_null(strstr(outcome.text, "also on a small stack"));
}

/* --- warnings ------------------------------------------------------------------------------------ */

static void warn(void *argument)
{
    report_warning(argument, strlen(argument));
}

static void warnings_are_one_line(void **state)
{
    (void)state;
    char message[] = "/etc/compatmalloc.conf:3: \033[31mwrong\nwrong";
    run(warn, message);
    assert_went_on();
    assert_string_equal(outcome.text, "compatmalloc: /etc/compatmalloc.conf:3: ?[31mwrong?wrong\n");
    char longer[10000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    run(warn, longer);
    assert_int_equal(strlen(outcome.text), 4096);
    assert_int_equal(outcome.text[4095], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_aborts),
        cmocka_unit_test(all_lines_arrive_in_one_write),
        cmocka_unit_test(a_handler_of_the_abort_that_trips_again_ends_the_process),
        cmocka_unit_test(a_child_forked_during_a_report_can_report),
        cmocka_unit_test(a_dying_process_reports_once),
        cmocka_unit_test(in_log_mode_the_process_goes_on_and_counts),
        cmocka_unit_test(repetitions_are_counted_but_not_printed_for_ever),
        cmocka_unit_test(threads_do_not_mix_their_reports),
        cmocka_unit_test(the_smallest_stack_is_enough),
        cmocka_unit_test(warnings_are_one_line),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
