/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The processes of this machine, and which of them have the library mapped. */
#ifndef PROCESSES_H
#define PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum protection {
    PROTECTED,
    UNPROTECTED,
    UNREADABLE
};

struct process {
    pid_t pid;
    char *program; /* the executable's path, or its name where the path is not ours to see */
    char *unit;    /* systemd's, or NULL */
    char *library; /* the file of the library that is mapped, or NULL */
    enum protection protection;

    /* What process_read_details() adds. */
    bool is_in_force; /* whether the next three are from the process's own memory; else they are what the
                         configuration as it is now would tell a process of that program and environment */
    const char *profile;
    bool exempt;       /* profile = off: the library does nothing */
    bool audited;      /* on-error = log */
    uint64_t resident; /* bytes */
    uint64_t age;      /* seconds */
};

struct processes {
    struct process *list; /* sorted by unit, then PID */
    size_t count;
};

/*
 * Find out about one process. False, with errno, if there is none; ESRCH also for what has no memory of its
 * own (kernel threads, zombies) or ended meanwhile.
 */
bool process_read(pid_t pid, struct process *process);

/* All processes but this one; false, with errno, if /proc cannot be read. */
bool processes_read(struct processes *processes);

/* "default"; "(default)" if only the configuration says so; "-" without the library. After
 * process_read_details(). To be freed. */
char *process_profile_in_words(const struct process *process);

/* A file of its directory in /proc, or NULL. */
FILE *process_open(pid_t pid, const char *name);

void process_free(struct process *process);
void processes_free(struct processes *processes);

/* How many of them are in this state. */
size_t processes_count(const struct processes *processes, enum protection protection);

/* Costs a look at four files. */
void process_read_details(struct process *process);

/* Members of a JSON object. */
void process_print_json(const struct process *process);
void processes_print_counts_json(const struct processes *processes);

#endif
