/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* check-config: what a starting process would say about a configuration file, without starting one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "problem.h"
#include "settings.h"
#include "trust.h"

#define INSTALLED_FILE "/etc/compatmalloc.conf"

struct findings {
    const char *file;
    unsigned count;
};

static void print_problem(void *context, const struct settings_problem *problem)
{
    struct findings *findings = context;
    char buffer[8192];
    struct text text = {buffer, sizeof buffer, 0};
    text_problem(&text, findings->file, problem);
    printf("%.*s\n", (int)text.used, buffer);
    findings->count++;
}

static int check_text(const char *file, const char *bytes, size_t length)
{
    struct findings findings = {.file = file};
    struct settings settings;
    settings_from_profile(&settings, PROFILE_DEFAULT);
    settings_apply_file(&settings, bytes, length, NULL, print_problem, &findings);
    if (findings.count == 0)
        printf("%s: no problems\n", file);
    return findings.count == 0 ? STATUS_GOOD : STATUS_BAD;
}

/* All of an open file. NULL, and errno, if that is not possible. */
static char *read_all(int fd, size_t size, size_t *length)
{
    char *bytes = malloc(size + 1);
    for (*length = 0; bytes && *length < size;) {
        ssize_t got = read(fd, bytes + *length, size - *length);
        if (got == 0)
            break;
        if (got > 0) {
            *length += (size_t)got;
        } else if (errno != EINTR) {
            free(bytes);
            return NULL;
        }
    }
    return bytes;
}

static int check_open_file(const char *file, int fd, int chosen_by_user)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return trouble("%s: %s", file, strerror(errno));
    const char *distrust = settings_distrust(&status, chosen_by_user);
    if (distrust) {
        printf("%s: %s\n", file, distrust);
        return STATUS_BAD;
    }
    size_t length;
    char *bytes = read_all(fd, (size_t)status.st_size, &length);
    if (!bytes)
        return trouble("%s: %s", file, strerror(errno));
    int result = check_text(file, bytes, length);
    free(bytes);
    return result;
}

int verb_check_config(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        return usage_trouble("check-config takes the name of one file and no options");
    const char *file = argc == 2 ? argv[1] : INSTALLED_FILE;
    /* A FIFO must not be waited for. */
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return trouble("%s: %s", file, strerror(errno));
    int result = check_open_file(file, fd, argc == 2);
    close(fd);
    return result;
}
