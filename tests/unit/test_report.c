/* links: malloc/report.o malloc/report_text.o malloc/report_output.o malloc/report_origin.o config/format.o
 */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reports: their words, where they go, and what becomes of the process. */
#include "unit.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "compatmalloc.h"
#include "report.h"
#include "report_text.h"

#define PREFIX         "compatmalloc: "
#define DETAIL_PREFIX  "compatmalloc:   "
#define PRINTED        16 /* reports of one kind that are printed when the program carries on */
#define ADDRESS        ((void *)0x7f0000001000)
#define JOURNAL_FOLDER "/run/systemd/journal"

static const unsigned char damage[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static struct report example(enum report_kind kind)
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

static struct report overflow(void)
{
    struct report r = example(REPORT_HEAP_BUFFER_OVERFLOW);
    r.offset = 0;
    r.bytes = damage;
    r.byte_count = 3;
    return r;
}

/* --- running code that reports ---------------------------------------------------------------- */

struct outcome {
    int status; /* wait's */
    char text[200000];
};

static struct outcome outcome;

/* A report that hangs blocks all signals, but this one cannot be blocked. No report comes near this limit. */
static void end_some_day(void)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    struct itimerspec limit = {.it_value.tv_sec = 60};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &limit, NULL) != 0)
        _exit(99);
}

/* Run work(argument) in a child whose stderr is collected. The child exits 0 unless work ends it. */
static void run(void (*work)(void *), void *argument)
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

static void assert_aborted(void)
{
    assert_true(WIFSIGNALED(outcome.status));
    assert_int_equal(WTERMSIG(outcome.status), SIGABRT);
}

static void assert_went_on(void)
{
    assert_true(WIFEXITED(outcome.status));
    assert_int_equal(WEXITSTATUS(outcome.status), 0);
}

static size_t occurrences(const char *text, const char *of)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, of)) != NULL; at++)
        count++;
    return count;
}

static void carry_on(bool with_journal)
{
    report_configure(&(struct report_policy){.abort_on_error = 0, .use_journal = with_journal});
}

/* --- words ------------------------------------------------------------------------------------ */

static const char *lines_of(const struct report *r)
{
    static char buffer[4097];
    struct report_circumstances circumstances = {.report = r, .pid = 12, .tid = 34};
    struct text text = {buffer, sizeof buffer - 1, 0};
    report_put_lines(&text, &circumstances);
    buffer[text.used] = '\0';
    return buffer;
}

static void assert_first_line(const struct report *r, const char *expected)
{
    char first[500];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(lines_of(r), "\n"), lines_of(r));
    assert_string_equal(first, expected);
}

static void each_kind_has_the_name_that_sanitizers_use(void **state)
{
    (void)state;
    static const char *const names[] = {
        "heap-buffer-overflow", "heap-buffer-underflow",    "double-free",         "bad-free",
        "write-after-free",     "new-delete-type-mismatch", "metadata-corruption", "out-of-memory"};
    assert_int_equal(COUNT(names), REPORT_KINDS);
    for (int kind = 0; kind < REPORT_KINDS; kind++)
        assert_string_equal(report_kind_name((enum report_kind)kind), names[kind]);
}

static void overflows_say_how_many_bytes_and_where(void **state)
{
    (void)state;
    struct report r = overflow();
    assert_first_line(
        &r, "compatmalloc: heap-buffer-overflow: 3 bytes written past the end of a 24-byte block at "
            "0x7f0000001000 (found by free)");
    r.byte_count = 1;
    r.offset = 5;
    r.requested_size = 8;
    r.operation = "realloc";
    assert_first_line(
        &r, "compatmalloc: heap-buffer-overflow: 1 byte written 5 bytes past the end of an 8-byte block "
            "at 0x7f0000001000 (found by realloc)");
    r.offset = 1;
    r.byte_count = 0;
    r.requested_size = REPORT_UNKNOWN;
    assert_first_line(
        &r, "compatmalloc: heap-buffer-overflow: something written 1 byte past the end of a block at "
            "0x7f0000001000 (found by realloc)");
}

static void every_kind_has_its_sentence(void **state)
{
    (void)state;
    struct report r = example(REPORT_HEAP_BUFFER_UNDERFLOW);
    r.offset = 16;
    r.byte_count = 16;
    assert_first_line(
        &r, "compatmalloc: heap-buffer-underflow: 16 bytes written 16 bytes before the start of a 24-byte "
            "block at 0x7f0000001000 (found by free)");

    r = example(REPORT_DOUBLE_FREE);
    r.requested_size = REPORT_UNKNOWN;
    assert_first_line(
        &r, "compatmalloc: double-free: a block at 0x7f0000001000 was freed already (found by free)");

    r = example(REPORT_BAD_FREE);
    r.detail = "not the start of a block";
    assert_first_line(
        &r, "compatmalloc: bad-free: 0x7f0000001000 is not a block that can be freed: not the start of a "
            "block (found by free)");

    r = example(REPORT_WRITE_AFTER_FREE);
    r.requested_size = REPORT_UNKNOWN;
    r.offset = 16;
    r.byte_count = 2;
    r.operation = "malloc";
    assert_first_line(
        &r, "compatmalloc: write-after-free: 2 bytes written 16 bytes into a block at 0x7f0000001000 "
            "after it was freed (found by malloc)");
    r.offset = 0;
    assert_first_line(
        &r, "compatmalloc: write-after-free: 2 bytes written into a block at 0x7f0000001000 after it was "
            "freed (found by malloc)");

    r = example(REPORT_NEW_DELETE_TYPE_MISMATCH);
    r.offset = 32;
    assert_first_line(
        &r, "compatmalloc: new-delete-type-mismatch: a 24-byte block at 0x7f0000001000 was freed as one "
            "of 32 bytes (found by free)");

    r = example(REPORT_METADATA_CORRUPTION);
    r.requested_size = REPORT_UNKNOWN;
    assert_first_line(
        &r, "compatmalloc: metadata-corruption: the allocator's own record of a block at 0x7f0000001000 "
            "was changed (found by free)");

    r = example(REPORT_OUT_OF_MEMORY);
    r.operation = "malloc";
    r.requested_size = 4096;
    assert_first_line(
        &r, "compatmalloc: out-of-memory: 4096 bytes could not be had from the system (found by malloc)");
}

static void numbers_get_their_article(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *phrase;
    } cases[] = {
        {0, "of a 0-byte"},
        {1, "of a 1-byte"},
        {7, "of a 7-byte"},
        {8, "of an 8-byte"},
        {11, "of an 11-byte"},
        {18, "of an 18-byte"},
        {80, "of an 80-byte"},
        {108, "of a 108-byte"},
        {180, "of a 180-byte"},
        {800, "of an 800-byte"},
        {1800, "of a 1800-byte"},
        {8192, "of an 8192-byte"},
        {11000, "of an 11000-byte"},
        {90000, "of a 90000-byte"},
        {SIZE_MAX - 1, "of an 18446744073709551614-byte"},
    };
    struct report r = overflow();
    for (size_t i = 0; i < COUNT(cases); i++) {
        r.requested_size = cases[i].size;
        assert_non_null(strstr(lines_of(&r), cases[i].phrase));
    }
}

static void details_follow_line_by_line(void **state)
{
    (void)state;
    struct report r = overflow();
    r.offset = 2;
    const char *expected =
        "compatmalloc: heap-buffer-overflow: 3 bytes written 2 bytes past the end of a 24-byte block "
        "at 0x7f0000001000 (found by free)\n"
        "compatmalloc:   requested size: 24 bytes\n"
        "compatmalloc:   slot size: 32 bytes\n"
        "compatmalloc:   offset: 2 bytes past the end\n"
        "compatmalloc:   damaged bytes: 41 42 43\n"
        "compatmalloc:   process: 12, thread 34\n"
        "compatmalloc:   version: " COMPATMALLOC_VERSION_STRING
        "; compatmalloc(7) says what this means and what to do\n";
    assert_string_equal(lines_of(&r), expected);
}

static void what_is_not_known_is_not_mentioned(void **state)
{
    (void)state;
    struct report r = {.kind = REPORT_BAD_FREE,
                       .address = (void *)0x10,
                       .requested_size = REPORT_UNKNOWN,
                       .slot_size = REPORT_UNKNOWN,
                       .offset = REPORT_UNKNOWN};
    const char *expected = "compatmalloc: bad-free: 0x10 is not a block that can be freed\n"
                           "compatmalloc:   process: 12, thread 34\n"
                           "compatmalloc:   version: ";
    assert_memory_equal(lines_of(&r), expected, strlen(expected));
}

static void only_the_first_damaged_bytes_are_shown(void **state)
{
    (void)state;
    struct report r = overflow();
    r.byte_count = 16;
    assert_non_null(strstr(lines_of(&r), "damaged bytes: 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50\n"));
    r.byte_count = 17;
    assert_non_null(
        strstr(lines_of(&r), "damaged bytes: 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50 ...\n"));
}

static void text_that_does_not_fit_is_cut(void **state)
{
    (void)state;
    struct report r = overflow();
    char whole[4097], buffer[4097];
    snprintf(whole, sizeof whole, "%s", lines_of(&r));
    struct report_circumstances circumstances = {.report = &r, .pid = 12, .tid = 34};
    for (size_t size = 0; size < strlen(whole); size++) {
        memset(buffer, '!', sizeof buffer);
        struct text text = {buffer, size, 0};
        report_put_lines(&text, &circumstances);
        assert_int_equal(text.used, size);
        assert_memory_equal(buffer, whole, size);
        assert_int_equal(buffer[size], '!');
    }
}

/* --- the end of the process ------------------------------------------------------------------- */

static void report_overflow(void *argument)
{
    (void)argument;
    struct report r = overflow();
    report(&r);
}

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
    char second[16];
    assert_int_equal(read(ends[0], second, sizeof second), 0);
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

/* --- stderr ----------------------------------------------------------------------------------- */

static void report_with_stderr_closed(void *argument)
{
    (void)argument;
    close(STDERR_FILENO);
    carry_on(false);
    report_overflow(NULL);
    if (report_count() != 1 || fcntl(STDERR_FILENO, F_GETFD) != -1)
        _exit(1);
}

static void a_closed_stderr_is_no_problem(void **state)
{
    (void)state;
    run(report_with_stderr_closed, NULL);
    assert_went_on();
    assert_string_equal(outcome.text, "");
}

static const char contents[] = "valuable contents";

/* Make fd 2 a new file with some contents, opened with `flags`, positioned at `position`; report; see if it
 * is as before. */
struct file_case {
    off_t position;
    int flags;
    bool written_to;
};

static void report_with_file_as_stderr(void *argument)
{
    const struct file_case *c = argument;
    char name[] = "/tmp/test_report.XXXXXX";
    int fd = mkstemp(name);
    if (fd < 0 || write(fd, contents, strlen(contents)) != (ssize_t)strlen(contents))
        _exit(1);
    int opened = open(name, c->flags);
    unlink(name);
    if (opened < 0 || dup3(opened, STDERR_FILENO, c->flags & O_CLOEXEC) < 0)
        _exit(2);
    lseek(STDERR_FILENO, c->position, SEEK_SET);
    carry_on(false);
    report_overflow(NULL);
    struct stat status;
    char start[sizeof contents] = "";
    if (fstat(fd, &status) != 0 || pread(fd, start, strlen(contents), 0) < 0)
        _exit(3);
    if ((status.st_size > (off_t)strlen(contents)) != c->written_to)
        _exit(4);
    if (c->position != 0 && strcmp(start, contents) != 0)
        _exit(5);
}

static void a_file_is_written_to_only_if_it_can_be_stderr(void **state)
{
    (void)state;
    const off_t end = (off_t)strlen(contents);
    struct file_case cases[] = {
        {end, O_WRONLY, true},  {3, O_WRONLY | O_APPEND, true},     {3, O_RDWR | O_APPEND, true},
        {end, O_RDWR, true}, /* what tempfile.TemporaryFile() gives a child */
        {3, O_RDWR, false},  /* a database */
        {end, O_RDONLY, false}, {end, O_WRONLY | O_CLOEXEC, false}, {3, O_PATH, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        run(report_with_file_as_stderr, &cases[i]);
        assert_went_on();
    }
}

static void report_with_tcp_as_stderr(void *argument)
{
    (void)argument;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        connect(client, (struct sockaddr *)&address, size) != 0)
        _exit(1);
    int peer = accept(listener, NULL, NULL);
    dup2(client, STDERR_FILENO);
    carry_on(false);
    report_overflow(NULL);
    char byte;
    if (recv(peer, &byte, 1, MSG_DONTWAIT) != -1 || errno != EAGAIN)
        _exit(2);
}

static void a_network_connection_is_never_written_to(void **state)
{
    (void)state;
    run(report_with_tcp_as_stderr, NULL);
    assert_went_on();
}

static void report_into_full_pipe(void *argument)
{
    (void)argument;
    int ends[2];
    char page[4096] = "";
    if (pipe2(ends, O_NONBLOCK) != 0)
        _exit(1);
    while (write(ends[1], page, sizeof page) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    dup2(ends[1], STDERR_FILENO);
    carry_on(false);
    report_overflow(NULL);
}

static void a_stderr_that_nobody_reads_does_not_stop_the_program(void **state)
{
    (void)state;
    run(report_into_full_pipe, NULL);
    assert_went_on();
}

static void report_into_broken_pipe(void *argument)
{
    (void)argument;
    int ends[2];
    if (pipe(ends) != 0)
        _exit(1);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    carry_on(false);
    report_overflow(NULL);
}

static void a_reader_that_went_away_does_not_kill_the_program(void **state)
{
    (void)state;
    run(report_into_broken_pipe, NULL);
    assert_went_on();
}

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

/* --- where it happened ------------------------------------------------------------------------ */

static void report_call_at(void *argument)
{
    struct report r = overflow();
    r.caller = argument;
    report(&r);
}

/* What is after "NAME: " in the report. */
static const char *detail(const char *name)
{
    static char value[4096];
    char start[100];
    snprintf(start, sizeof start, DETAIL_PREFIX "%s: ", name);
    const char *at = strstr(outcome.text, start);
    assert_non_null(at);
    at += strlen(start);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\n"), at);
    return value;
}

static void assert_call_site(void *return_address)
{
    run(report_call_at, return_address);
    Dl_info info;
    assert_int_not_equal(dladdr(return_address, &info), 0);
    const char *call_site = detail("called from");
    const char *plus = strrchr(call_site, '+');
    assert_non_null(plus);
    assert_int_equal(strtoul(plus + 1, NULL, 16), (uintptr_t)return_address - 1 - (uintptr_t)info.dli_fbase);
    char *file = realpath(info.dli_fname, NULL);
    assert_non_null(file);
    assert_int_equal(plus - call_site, strlen(file));
    assert_memory_equal(call_site, file, strlen(file));
    free(file);
}

static void the_call_is_named_by_module_and_offset(void **state)
{
    (void)state;
    if (emulated())
        skip_because("an emulator's /proc/self/maps is its own idea");
    assert_call_site((char *)(uintptr_t)assert_call_site + 10);
    assert_call_site((char *)dlsym(RTLD_DEFAULT, "qsort") + 10);
    assert_call_site((char *)dlsym(RTLD_DEFAULT, "_cmocka_run_group_tests") + 10);
}

static void an_address_in_no_module_is_given_as_it_is(void **state)
{
    (void)state;
    run(report_call_at, (void *)0x1235);
    assert_string_equal(detail("called from"), "0x1234");
}

static void program_process_and_thread_are_named(void **state)
{
    (void)state;
    run(report_overflow, NULL);
    assert_non_null(strstr(detail("program"), "test_report"));
    long process = 0, thread = 0;
    assert_int_equal(sscanf(detail("process"), "%ld, thread %ld", &process, &thread), 2);
    assert_true(process > 1 && process != getpid());
    assert_int_equal(process, thread);
}

static bool put_into_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return done;
}

/* Become able to change the root directory or to mount, as root or in a user namespace of our own. */
static bool gain_privileges(int namespaces)
{
    if (geteuid() == 0 && (namespaces == 0 || unshare(namespaces) == 0))
        return true;
    /* Files can only be made by users and groups that the namespace knows. */
    char users[64], groups[64];
    snprintf(users, sizeof users, "0 %u 1", geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", getegid());
    return unshare(CLONE_NEWUSER | namespaces) == 0 && put_into_file("/proc/self/setgroups", "deny") &&
           put_into_file("/proc/self/uid_map", users) && put_into_file("/proc/self/gid_map", groups);
}

enum {
    NOT_PERMITTED = 77
};

static void report_without_proc(void *argument)
{
    char folder[] = "/tmp/test_report.XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0)
        _exit(1);
    rmdir(folder);
    if (!gain_privileges(0) || chroot(".") != 0)
        _exit(NOT_PERMITTED);
    report_call_at(argument);
}

static bool skipped_as_not_permitted(void)
{
    return WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == NOT_PERMITTED;
}

static void without_proc_the_bare_address_is_given(void **state)
{
    (void)state;
    run(report_without_proc, (char *)(uintptr_t)report_without_proc + 1);
    if (skipped_as_not_permitted())
        skip_because("this user may not change the root directory, nor make a user namespace");
    assert_aborted();
    assert_int_equal(strtoul(detail("called from"), NULL, 16), (uintptr_t)report_without_proc);
    assert_non_null(strstr(outcome.text, "version: "));
}

/* --- the journal ------------------------------------------------------------------------------ */

/* A journal of our own: nobody outside this process sees the mount. */
static int listen_as_journal(void)
{
    static const struct sockaddr_un address = {AF_UNIX, JOURNAL_FOLDER "/socket"};
    if (!gain_privileges(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("test", "/run", "tmpfs", 0, NULL) != 0)
        _exit(NOT_PERMITTED);
    int journal = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (journal < 0 || mkdir("/run/systemd", 0755) != 0 || mkdir(JOURNAL_FOLDER, 0755) != 0 ||
        bind(journal, (const struct sockaddr *)&address, sizeof address) != 0)
        _exit(1);
    return journal;
}

/* Report, then show on stderr what came in at the journal. */
static void report_to_journal(void *argument)
{
    int journal = listen_as_journal();
    int real_stderr = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    carry_on(true);
    struct report r = overflow();
    r.offset = 2;
    r.caller = argument;
    report(&r);
    char datagram[8192];
    ssize_t got;
    while ((got = recv(journal, datagram, sizeof datagram, MSG_DONTWAIT)) > 0)
        if (write(real_stderr, datagram, (size_t)got) != got || write(real_stderr, "END\n", 4) != 4)
            _exit(2);
}

static void the_journal_gets_fields(void **state)
{
    (void)state;
    run(report_to_journal, (void *)0x1235);
    if (skipped_as_not_permitted())
        skip_because("this user may not mount, nor make a user namespace");
    assert_went_on();
    char *program = strstr(outcome.text, "COMPATMALLOC_PROGRAM=");
    assert_non_null(program);
    size_t program_length = strcspn(program, "\n") + 1;
    assert_non_null(memmem(program, program_length, "test_report", 11));
    memmove(program, program + program_length, strlen(program + program_length) + 1);
    assert_string_equal(
        outcome.text,
        "MESSAGE=compatmalloc: heap-buffer-overflow: 3 bytes written 2 bytes past the end of a 24-byte "
        "block at 0x7f0000001000 (found by free)\n"
        "PRIORITY=2\n"
        "MESSAGE_ID=" REPORT_MESSAGE_ID "\n"
        "SYSLOG_IDENTIFIER=compatmalloc\n"
        "COMPATMALLOC_KIND=heap-buffer-overflow\n"
        "COMPATMALLOC_OPERATION=free\n"
        "COMPATMALLOC_ADDRESS=0x7f0000001000\n"
        "COMPATMALLOC_SIZE=24\n"
        "COMPATMALLOC_SLOT_SIZE=32\n"
        "COMPATMALLOC_OFFSET=2\n"
        "COMPATMALLOC_CALLER=0x1234\n"
        "COMPATMALLOC_VERSION=" COMPATMALLOC_VERSION_STRING "\n"
        "END\n");
}

static void report_to_full_journal(void *argument)
{
    int journal = listen_as_journal();
    struct sockaddr_un address = {AF_UNIX, JOURNAL_FOLDER "/socket"};
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    while (sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof address) == 1)
        ;
    carry_on(true);
    report_overflow(argument);
    close(journal);
}

static void a_full_journal_does_not_stop_the_program(void **state)
{
    (void)state;
    run(report_to_full_journal, NULL);
    if (skipped_as_not_permitted())
        skip_because("this user may not mount, nor make a user namespace");
    assert_went_on();
    assert_non_null(strstr(outcome.text, "heap-buffer-overflow"));
}

static void report_without_journal(void *argument)
{
    int journal = listen_as_journal();
    carry_on(false);
    report_overflow(argument);
    char byte;
    if (recv(journal, &byte, 1, MSG_DONTWAIT) != -1)
        _exit(2);
}

static void journal_no_means_no(void **state)
{
    (void)state;
    run(report_without_journal, NULL);
    if (skipped_as_not_permitted())
        skip_because("this user may not mount, nor make a user namespace");
    assert_went_on();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_the_name_that_sanitizers_use),
        cmocka_unit_test(overflows_say_how_many_bytes_and_where),
        cmocka_unit_test(every_kind_has_its_sentence),
        cmocka_unit_test(numbers_get_their_article),
        cmocka_unit_test(details_follow_line_by_line),
        cmocka_unit_test(what_is_not_known_is_not_mentioned),
        cmocka_unit_test(only_the_first_damaged_bytes_are_shown),
        cmocka_unit_test(text_that_does_not_fit_is_cut),
        cmocka_unit_test(a_report_aborts),
        cmocka_unit_test(all_lines_arrive_in_one_write),
        cmocka_unit_test(a_handler_of_the_abort_that_trips_again_ends_the_process),
        cmocka_unit_test(a_child_forked_during_a_report_can_report),
        cmocka_unit_test(a_dying_process_reports_once),
        cmocka_unit_test(in_log_mode_the_process_goes_on_and_counts),
        cmocka_unit_test(repetitions_are_counted_but_not_printed_for_ever),
        cmocka_unit_test(threads_do_not_mix_their_reports),
        cmocka_unit_test(the_smallest_stack_is_enough),
        cmocka_unit_test(a_closed_stderr_is_no_problem),
        cmocka_unit_test(a_file_is_written_to_only_if_it_can_be_stderr),
        cmocka_unit_test(a_network_connection_is_never_written_to),
        cmocka_unit_test(a_stderr_that_nobody_reads_does_not_stop_the_program),
        cmocka_unit_test(a_reader_that_went_away_does_not_kill_the_program),
        cmocka_unit_test(warnings_are_one_line),
        cmocka_unit_test(the_call_is_named_by_module_and_offset),
        cmocka_unit_test(an_address_in_no_module_is_given_as_it_is),
        cmocka_unit_test(program_process_and_thread_are_named),
        cmocka_unit_test(without_proc_the_bare_address_is_given),
        cmocka_unit_test(the_journal_gets_fields),
        cmocka_unit_test(a_full_journal_does_not_stop_the_program),
        cmocka_unit_test(journal_no_means_no),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
