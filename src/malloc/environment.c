/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "settings.h"

#define CONFIGURATION_FILE "/etc/compatmalloc.conf"
#define PATH_LENGTH        4096

/* The stack as the kernel left it for the program: argc, argv, NULL, the environment, NULL. Exported by
 * ld.so. */
extern void *__libc_stack_end;

/* Set by libc's constructors, which may not have run yet. */
extern char **environ;

static char **environment(void)
{
    if (environ)
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

/* Lines for stderr are put together here; what does not fit is cut. */
struct line {
    char text[512];
    size_t length;
};

static void add(struct line *line, const char *text, size_t length)
{
    for (size_t i = 0; i < length && line->length < sizeof line->text; i++) {
        char c = text[i];
        line->text[line->length++] = c >= ' ' && c <= '~' ? c : '?';
    }
}

static void add_string(struct line *line, const char *text)
{
    add(line, text, strlen(text));
}

static void add_number(struct line *line, unsigned number)
{
    char digits[12];
    size_t i = sizeof digits;
    do
        digits[--i] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    add(line, digits + i, sizeof digits - i);
}

static void complain(const char *path, const char *problem)
{
    struct line line = {.length = 0};
    add_string(&line, path);
    add_string(&line, ": ");
    add_string(&line, problem);
    report_warning(line.text, line.length);
}

static void on_problem(void *path, const struct settings_problem *problem)
{
    struct line line = {.length = 0};
    add_string(&line, path);
    if (problem->line != 0) {
        add_string(&line, ":");
        add_number(&line, problem->line);
    }
    add_string(&line, ": ");
    add_string(&line, problem->problem);
    if (problem->text_length != 0) {
        add_string(&line, ": \"");
        add(&line, problem->text, problem->text_length < 80 ? problem->text_length : 80);
        add_string(&line, "\"");
    }
    report_warning(line.text, line.length);
}

/* The executable's path: resolved by the kernel, or as it was started where there is no /proc. */
static const char *program_path(char *buffer, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", buffer, size - 1);
    if (length > 0) {
        buffer[length] = '\0';
        return buffer;
    }
    return (const char *)(uintptr_t)getauxval(AT_EXECFN);
}

/* NULL if the file may be obeyed, else why not. */
static const char *distrust(const struct stat *status, bool chosen_by_user)
{
    if (!S_ISREG(status->st_mode))
        return "not a regular file; ignored";
    if (status->st_mode & (S_IWGRP | S_IWOTH))
        return "writable by others than its owner; ignored (chmod go-w)";
    if (status->st_uid != 0 && !(chosen_by_user && status->st_uid == geteuid()))
        return "not owned by root; ignored (chown root)";
    return NULL;
}

static void read_file(const char *path, bool chosen_by_user, struct settings *settings)
{
    /* O_NONBLOCK: a FIFO in the file's place must not stop the machine. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        if (chosen_by_user || (errno != ENOENT && errno != EACCES && errno != ENOTDIR))
            complain(path, "cannot be opened; the defaults apply");
        return;
    }
    struct stat status;
    const char *reason =
        fstat(fd, &status) == 0 ? distrust(&status, chosen_by_user) : "cannot be examined; ignored";
    if (reason) {
        complain(path, reason);
    } else if (status.st_size > 0) {
        size_t length = (size_t)status.st_size;
        char *text = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
        if (text == MAP_FAILED) {
            complain(path, "cannot be read; the defaults apply");
        } else {
            char buffer[PATH_LENGTH];
            const char *program =
                settings_file_has_programs(text, length) ? program_path(buffer, sizeof buffer) : NULL;
            settings_apply_file(settings, text, length, program, on_problem, (void *)(uintptr_t)path);
            (void)munmap(text, length);
        }
    }
    (void)close(fd);
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
