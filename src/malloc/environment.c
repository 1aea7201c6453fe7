/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "constants.h"
#include "executable.h"
#include "map.h"
#include "problem.h"
#include "report.h"
#include "settings.h"
#include "trust.h"

#define CONFIGURATION_FILE "/etc/compatmalloc.conf"
#define PATH_LENGTH        4096
#define SMALL_FILE         (16 * KIB) /* the installed one is; more than that is mapped */
#define LINE_LENGTH        512

/* The stack as the kernel left it for the program: argc, argv, NULL, the environment, NULL. Exported by
 * ld.so. */
extern void *__libc_stack_end;

static char **environment(void)
{
    if (environ) /* set by libc's constructors, which may not have run yet */
        return environ;
    uintptr_t *stack = __libc_stack_end;
    return stack ? (char **)(void *)(stack + 1 + stack[0] + 1) : NULL;
}

static const char *variable(const char *name)
{
    size_t length = strlen(name);
    char **entry = environment();
    if (!entry)
        return NULL;
    for (; *entry; entry++)
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            return *entry + length + 1;
    return NULL;
}

static void complain(const char *path, const char *problem)
{
    char buffer[LINE_LENGTH];
    struct text line = {buffer, sizeof buffer, 0};
    text_string(&line, path);
    text_string(&line, ": ");
    text_string(&line, problem);
    report_warning(line.start, line.used);
}

static void on_problem(void *source, const struct settings_problem *problem)
{
    char buffer[LINE_LENGTH];
    struct text line = {buffer, sizeof buffer, 0};
    text_problem(&line, source, problem);
    report_warning(line.start, line.used);
}

/*
 * System calls without libc's functions for them: those are cancellation points, and the runtimes of
 * sanitizers put their own in the place of them, which do not work this early.
 */
static int file_open(const char *path)
{
    /* O_NONBLOCK: a FIFO in the file's place must not stop the machine. */
    return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static bool file_status(int fd, struct stat *status)
{
    return syscall(SYS_fstat, fd, status) == 0;
}

static ssize_t file_read(int fd, char *bytes, size_t count)
{
    return syscall(SYS_read, fd, bytes, count);
}

static void file_close(int fd)
{
    (void)syscall(SYS_close, fd);
}

bool environment_find_program(char *path, size_t size)
{
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, size);
    bool whole = length > 0 && (size_t)length < size;
    path[whole ? length : 0] = '\0';
    return whole;
}

/* The executable's path: resolved by the kernel, or as it was started where there is no /proc. */
static const char *program_path(char *buffer, size_t size)
{
    if (constants.program[0])
        return constants.program;
    return environment_find_program(buffer, size) ? buffer : executable_started_as();
}

static bool read_whole(int fd, char *text, size_t length)
{
    for (size_t have = 0; have < length;) {
        ssize_t got = file_read(fd, text + have, length - have);
        if (got <= 0 && !(got < 0 && errno == EINTR))
            return false;
        have += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static void apply(const char *path, const char *text, size_t length, struct settings *settings)
{
    char buffer[PATH_LENGTH];
    const char *program =
        settings_file_has_programs(text, length) ? program_path(buffer, sizeof buffer) : NULL;
    settings_apply_file(settings, text, length, program, on_problem, (void *)(uintptr_t)path);
}

/* Read, not mapped: a file that somebody shortens meanwhile must not be a SIGBUS. */
static void apply_open_file(const char *path, int fd, size_t length, struct settings *settings)
{
    char small[SMALL_FILE];
    char *text = length <= sizeof small ? small : map_anywhere(length, PROT_READ | PROT_WRITE);
    if (text && read_whole(fd, text, length))
        apply(path, text, length, settings);
    else
        complain(path, "cannot be read whole; the defaults apply");
    if (text && text != small)
        map_release(text, length);
}

static void read_file(const char *path, bool chosen_by_user, struct settings *settings)
{
    int fd = file_open(path);
    if (fd < 0) {
        if (chosen_by_user || (errno != ENOENT && errno != EACCES && errno != ENOTDIR))
            complain(path, "cannot be opened; the defaults apply");
        return;
    }
    struct stat status;
    if (!file_status(fd, &status)) {
        complain(path, "cannot be examined; ignored");
    } else {
        const char *reason = settings_distrust(&status, chosen_by_user);
        if (reason)
            complain(path, reason);
        else if (status.st_size > 0)
            apply_open_file(path, fd, (size_t)status.st_size, settings);
    }
    file_close(fd);
}

void environment_read_settings(struct settings *settings, bool secure)
{
    settings_from_profile(settings, PROFILE_DEFAULT);
    const char *path = secure ? NULL : variable("COMPATMALLOC_CONF");

    /* Whether the environment may name another file is for the installed one to say. */
    read_file(CONFIGURATION_FILE, false, settings);
    if (secure || !settings->allow_environment)
        return;
    if (path && *path) {
        settings_from_profile(settings, PROFILE_DEFAULT);
        read_file(path, true, settings);
        if (!settings->allow_environment)
            return;
    }
    const char *options = variable("COMPATMALLOC_OPTIONS");
    if (options)
        settings_apply_options(settings, options, strlen(options), on_problem,
                               (char[]){"COMPATMALLOC_OPTIONS"});
    const char *disable = variable("COMPATMALLOC_DISABLE");
    if (disable && strcmp(disable, "1") == 0)
        settings_from_profile(settings, PROFILE_OFF);
}
