/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * measure TIMES PRELOAD COMMAND...: run a command that often, one after the other, with LD_PRELOAD set to
 * PRELOAD if that is not empty, and print one line: wall time and CPU time in seconds, peak resident set in
 * KiB, and the wait status.
 *
 * A program of its own because the kernel counts into a child's peak what the parent occupied when it forked:
 * behind an interpreter no child would ever seem smaller than the interpreter.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void become(const char *preload, char **command)
{
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (*preload != '\0')
        setenv("LD_PRELOAD", preload, 1);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s TIMES PRELOAD COMMAND...\n", argv[0]);
        return 2;
    }
    long times = strtol(argv[1], NULL, 10);
    long peak = 0;
    double cpu = 0;
    int status = 0;
    double start = now();
    for (long i = 0; i < times && status == 0; i++) {
        pid_t child = fork();
        if (child == 0)
            become(argv[2], argv + 3);
        struct rusage usage;
        if (child < 0 || wait4(child, &status, 0, &usage) != child) {
            perror("measure");
            return 2;
        }
        cpu += seconds(usage.ru_utime) + seconds(usage.ru_stime);
        peak = usage.ru_maxrss > peak ? usage.ru_maxrss : peak;
    }
    printf("%.6f %.6f %ld %d\n", now() - start, cpu, peak, status);
    return 0;
}
