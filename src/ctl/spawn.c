/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

#define PATIENCE_MS 10000

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void set_environment(const char *const *variables)
{
    static const char *const ours[] = {"LD_PRELOAD", "LD_LIBRARY_PATH", "COMPATMALLOC_OPTIONS",
                                       "COMPATMALLOC_CONF", "COMPATMALLOC_DISABLE"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        unsetenv(ours[i]);
    for (; variables && *variables; variables++) {
        char *copy = text_of("%s", *variables);
        char *sign = strchr(copy, '=');
        *sign = '\0';
        setenv(copy, sign + 1, 1);
        free(copy);
    }
}

static _Noreturn void become(const char *const *command, const char *const *variables, int errors)
{
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    /* A program that ends by a signal here is expected: its core would tell nobody anything. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    /* So that all that it starts can be ended with it. */
    setpgid(0, 0);
    set_environment(variables);
    execvp(command[0], (char *const *)(void *)(size_t)command);
    dprintf(STDERR_FILENO, "%s", strerror(errno));
    _exit(127);
}

/* What comes out of the pipe until it is closed, or until it is time to stop waiting. */
static char *listen_to(int pipe, long until)
{
    char *text = text_of("%s", "");
    for (;;) {
        char buffer[1024];
        long left = until - now_ms();
        struct pollfd poll_for = {.fd = pipe, .events = POLLIN};
        if (left <= 0 || poll(&poll_for, 1, (int)left) <= 0)
            return text;
        ssize_t got = read(pipe, buffer, sizeof buffer);
        if (got <= 0)
            return text;
        char *longer = text_of("%s%.*s", text, (int)got, buffer);
        free(text);
        text = longer;
    }
}

/* -1 if it has not ended by then. */
static int wait_for(pid_t child, long until)
{
    int status = -1;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (now_ms() >= until) {
            kill(-child, SIGKILL);
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return -1;
        }
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return status;
}

struct outcome spawn(const char *const *command, const char *const *variables)
{
    int errors[2];
    if (pipe2(errors, O_CLOEXEC) != 0)
        return (struct outcome){-1, text_of("%s", strerror(errno))};
    fflush(stdout);
    long until = now_ms() + PATIENCE_MS;
    pid_t child = fork();
    if (child == 0)
        become(command, variables, errors[1]);
    int reason = errno;
    close(errors[1]);
    struct outcome outcome = {-1, NULL};
    if (child < 0) {
        outcome.errors = text_of("%s", strerror(reason));
    } else {
        outcome.errors = listen_to(errors[0], until);
        outcome.status = wait_for(child, until);
    }
    close(errors[0]);
    return outcome;
}
