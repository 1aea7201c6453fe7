/* links: malloc/report.o malloc/report_limit.o malloc/sites.o malloc/report_text.o malloc/report_output.o
 * malloc/report_origin.o malloc/confined.o malloc/executable.o malloc/map.o config/format.o
 */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reports: where they go, and what they say about where they come from. */
#include "report_child.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "compatmalloc.h"

#define DETAIL_PREFIX  "compatmalloc:   "
#define JOURNAL_FOLDER "/run/systemd/journal"

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

/* Builders of packages are often cut off from every network, the loopback included. */
static bool has_loopback(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int probe = socket(AF_INET, SOCK_DGRAM, 0);
    bool connects = connect(probe, (struct sockaddr *)&address, sizeof address) == 0;
    close(probe);
    return connects;
}

static void a_network_connection_is_never_written_to(void **state)
{
    (void)state;
    if (!has_loopback())
        skip_because("there is no loopback to connect through");
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

/* What the start of the allocator does. */
static void find_program(void)
{
    ssize_t length = readlink("/proc/self/exe", constants.program, sizeof constants.program - 1);
    constants.program[length > 0 ? length : 0] = '\0';
}

static void assert_call_site(void *return_address)
{
    find_program();
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
    run(report_without_proc, (char *)(uintptr_t)strtoul + 1);
    if (skipped_as_not_permitted())
        skip_because("this user may not change the root directory, nor make a user namespace");
    assert_aborted();
    assert_int_equal(strtoul(detail("called from"), NULL, 16), (uintptr_t)strtoul);
}

static void without_proc_a_place_in_the_program_is_named(void **state)
{
    (void)state;
    run(report_without_proc, (char *)(uintptr_t)report_without_proc + 1);
    if (skipped_as_not_permitted())
        skip_because("this user may not change the root directory, nor make a user namespace");
    assert_aborted();
    Dl_info info;
    assert_int_not_equal(dladdr((void *)(uintptr_t)report_without_proc, &info), 0);
    const char *place = strrchr(detail("called from"), '+');
    assert_non_null(place);
    assert_int_equal(strtoul(place + 1, NULL, 16),
                     (uintptr_t)report_without_proc - (uintptr_t)info.dli_fbase);
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

/* A /proc in which there is nothing but this. */
static void stand_in_for_proc(const char *cgroup)
{
    if (mount("test", "/proc", "tmpfs", 0, NULL) != 0 || mkdir("/proc/self", 0755) != 0)
        _exit(1);
    int file = open("/proc/self/cgroup", O_WRONLY | O_CREAT, 0644);
    if (file < 0 || write(file, cgroup, strlen(cgroup)) != (ssize_t)strlen(cgroup))
        _exit(1);
    close(file);
}

/* Report, then show on stderr what came in at the journal. */
static void report_to(int journal, const void *caller)
{
    int real_stderr = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    carry_on(true);
    struct report r = overflow();
    r.offset = 2;
    r.caller = caller;
    report(&r);
    char datagram[8192];
    ssize_t got;
    while ((got = recv(journal, datagram, sizeof datagram, MSG_DONTWAIT)) > 0)
        if (write(real_stderr, datagram, (size_t)got) != got || write(real_stderr, "END\n", 4) != 4)
            _exit(2);
}

static void report_to_journal(void *argument)
{
    int journal = listen_as_journal();
    stand_in_for_proc("0::/\n");
    report_to(journal, argument);
}

/* Out of the text with the one field that differs each time; it must hold this. */
static void take_field(const char *name, const char *held)
{
    char *field = strstr(outcome.text, name);
    assert_non_null(field);
    size_t length = strcspn(field, "\n") + 1;
    assert_non_null(memmem(field, length, held, strlen(held)));
    memmove(field, field + length, strlen(field + length) + 1);
}

static void the_journal_gets_fields(void **state)
{
    (void)state;
    run(report_to_journal, (void *)0x1235);
    if (skipped_as_not_permitted())
        skip_because("this user may not mount, nor make a user namespace");
    assert_went_on();
    take_field("COMPATMALLOC_PROGRAM=", "test_report");
    take_field("COMPATMALLOC_PID=", "");
    take_field("COMPATMALLOC_TID=", "");
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
        "COMPATMALLOC_BYTES=41 42 43\n"
        "COMPATMALLOC_CALLER=0x1234\n"
        "COMPATMALLOC_VERSION=" COMPATMALLOC_VERSION_STRING "\n"
        "END\n");
}

static void report_from_cgroup(void *argument)
{
    int journal = listen_as_journal();
    stand_in_for_proc(argument);
    report_to(journal, NULL);
}

/* So that whose process it was is known even if it has gone when the journal asks. */
static void the_journal_is_told_the_cgroup(void **state)
{
    (void)state;
    static const struct {
        const char *file, *field;
    } cases[] = {
        {"0::/system.slice/nginx.service\n", "\nCOMPATMALLOC_CGROUP=/system.slice/nginx.service\n"},
        {"2:cpu:/other\n1:name=systemd:/system.slice/a.service\n0::/\n",
         "\nCOMPATMALLOC_CGROUP=/system.slice/a.service\n"},
        {"0::/a\x1b/b.service\n", "\nCOMPATMALLOC_CGROUP=/a?/b.service\n"},
        {"2:cpu:/other\n0::/\n", NULL},
        {"0::/unfinished", NULL},
        {"0::\n\n::\nx\n", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run(report_from_cgroup, (void *)(uintptr_t)cases[i].file);
        if (skipped_as_not_permitted())
            skip_because("this user may not mount, nor make a user namespace");
        assert_went_on();
        assert_non_null(strstr(outcome.text, "\nCOMPATMALLOC_KIND="));
        if (cases[i].field)
            assert_non_null(strstr(outcome.text, cases[i].field));
        else
            assert_null(strstr(outcome.text, "COMPATMALLOC_CGROUP="));
    }
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
        cmocka_unit_test(a_closed_stderr_is_no_problem),
        cmocka_unit_test(a_file_is_written_to_only_if_it_can_be_stderr),
        cmocka_unit_test(a_network_connection_is_never_written_to),
        cmocka_unit_test(a_stderr_that_nobody_reads_does_not_stop_the_program),
        cmocka_unit_test(a_reader_that_went_away_does_not_kill_the_program),
        cmocka_unit_test(the_call_is_named_by_module_and_offset),
        cmocka_unit_test(an_address_in_no_module_is_given_as_it_is),
        cmocka_unit_test(program_process_and_thread_are_named),
        cmocka_unit_test(without_proc_the_bare_address_is_given),
        cmocka_unit_test(without_proc_a_place_in_the_program_is_named),
        cmocka_unit_test(the_journal_gets_fields),
        cmocka_unit_test(the_journal_is_told_the_cgroup),
        cmocka_unit_test(a_full_journal_does_not_stop_the_program),
        cmocka_unit_test(journal_no_means_no),
    };
    return cmocka_run_group_tests_name("report_output", tests, NULL, NULL);
}
