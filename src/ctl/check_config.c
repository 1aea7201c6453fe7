/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* check-config: what a starting process would say about a configuration file, without starting one. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_file.h"
#include "ctl.h"
#include "json.h"
#include "problem.h"
#include "settings.h"
#include "trust.h"

struct findings {
    const char *file;
    bool json;
    unsigned count;
};

static void print_json(const char *file, const struct settings_problem *problem)
{
    char quoted[400];
    struct text text = {quoted, sizeof quoted - 1, 0};
    text_quoted(&text, problem->text, problem->text_length);
    quoted[text.used] = '\0';
    json_begin(NULL, '{');
    json_string("file", file);
    json_number("line", problem->line);
    json_string("text", quoted);
    json_string("problem", problem->problem);
    json_end('}');
}

static void print_problem(void *context, const struct settings_problem *problem)
{
    struct findings *findings = context;
    char buffer[8192];
    struct text text = {buffer, sizeof buffer, 0};
    findings->count++;
    if (findings->json) {
        print_json(findings->file, problem);
        return;
    }
    text_problem(&text, findings->file, problem);
    printf("%.*s\n", (int)text.used, buffer);
}

static void check_text(struct findings *findings, const char *bytes, size_t length)
{
    struct settings settings;
    settings_from_profile(&settings, PROFILE_DEFAULT);
    settings_apply_file(&settings, bytes, length, NULL, print_problem, findings);
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

static int check_open_file(struct findings *findings, int fd, bool chosen_by_user)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return trouble("%s: %s", findings->file, strerror(errno));
    const char *distrust = settings_distrust(&status, chosen_by_user);
    if (distrust) {
        print_problem(findings, &(struct settings_problem){.text = "", .problem = distrust});
        return STATUS_BAD;
    }
    size_t length;
    char *bytes = read_all(fd, (size_t)status.st_size, &length);
    if (!bytes)
        return trouble("%s: %s", findings->file, strerror(errno));
    check_text(findings, bytes, length);
    free(bytes);
    return findings->count == 0 ? STATUS_GOOD : STATUS_BAD;
}

static int check(struct findings *findings, bool chosen_by_user)
{
    /* A FIFO must not be waited for. */
    int fd = open(findings->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return trouble("%s: %s", findings->file, strerror(errno));
    if (findings->json)
        json_begin(NULL, '[');
    int result = check_open_file(findings, fd, chosen_by_user);
    if (findings->json) {
        json_end(']');
        json_newline();
    } else if (result == STATUS_GOOD) {
        printf("%s: no problems\n", findings->file);
    }
    close(fd);
    return result;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct options options = {verb, argc, argv, false};
    struct findings findings = {.file = CONFIG_FILE};
    const char *name, *value;
    while (options_next(&options, &name, &value))
        findings.json = true;
    if (options.failed)
        return STATUS_TROUBLE;
    if (argc - optind > 1)
        return usage_trouble("check-config takes the name of one file");
    if (optind < argc)
        findings.file = argv[optind];
    return check(&findings, optind < argc);
}

const struct verb verb_check_config = {
    .name = "check-config",
    .summary = "name each line of a configuration file that is not understood",
    .arguments = "[FILE]",
    .options = (const struct verb_option[]){{"json", NULL, "print JSON"}, {0}},
    .run = run,
};
