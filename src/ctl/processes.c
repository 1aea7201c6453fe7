/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "units.h"

#define LIBRARY "libcompatmalloc.so."

/* --- one process ------------------------------------------------------------------------------ */

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    return fopen(path, "re");
}

/* The library's path if this line of maps shows its code, else NULL. Changes the line. */
static char *library_in(char *line)
{
    char *permissions = strchr(line, ' ');
    char *path = strchr(line, '/');
    if (!permissions || strlen(permissions) < 5 || permissions[3] != 'x' || !path)
        return NULL;
    path[strcspn(path, "\n")] = '\0';
    return strncmp(strrchr(path, '/') + 1, LIBRARY, strlen(LIBRARY)) == 0 ? path : NULL;
}

/*
 * Whoever only reads or copies the library has it mapped too, but not as code. An upgrade leaves the old file
 * mapped, with " (deleted)" behind its name: that protects as well.
 */
static bool read_protection(struct process *process)
{
    FILE *maps = open_proc(process->pid, "maps");
    if (!maps && errno == ENOENT)
        errno = ESRCH;
    if (!maps && errno != EACCES && errno != EPERM)
        return false;

    char *line = NULL, *library = NULL;
    size_t size = 0, lines = 0;
    errno = 0;
    while (maps && !library && getline(&line, &size, maps) > 0) {
        lines++;
        library = library_in(line);
    }
    bool readable = maps && errno == 0;
    bool gone = errno == ESRCH || (readable && lines == 0);
    process->protection = !readable ? UNREADABLE : library ? PROTECTED : UNPROTECTED;
    process->library = library ? strdup(library) : NULL;
    free(line);
    if (maps)
        fclose(maps);
    if (gone)
        errno = ESRCH;
    return !gone;
}

static char *read_program(pid_t pid)
{
    char path[64], program[4096];
    snprintf(path, sizeof path, "/proc/%ld/exe", (long)pid);
    ssize_t length = readlink(path, program, sizeof program - 1);
    if (length > 0) {
        program[length] = '\0';
        return strdup(program);
    }
    FILE *comm = open_proc(pid, "comm");
    char *line = NULL;
    size_t size = 0;
    if (comm && getline(&line, &size, comm) > 0)
        line[strcspn(line, "\n")] = '\0';
    if (comm)
        fclose(comm);
    return line;
}

/* Kernel threads have no executable, and what else is unreadable has a name all the same. */
static bool is_kernel_thread(pid_t pid)
{
    static const unsigned long flag_kernel_thread = 0x00200000;
    FILE *stat = open_proc(pid, "stat");
    unsigned long flags = 0;
    char line[1024];
    if (stat && fgets(line, sizeof line, stat)) {
        /* The name, in parentheses, may hold anything; no number behind it does. */
        char *name_end = strrchr(line, ')');
        if (!name_end || sscanf(name_end, ") %*c %*d %*d %*d %*d %*d %lu", &flags) != 1)
            flags = 0;
    }
    if (stat)
        fclose(stat);
    return flags & flag_kernel_thread;
}

bool process_read(pid_t pid, struct process *process)
{
    *process = (struct process){.pid = pid};
    if (is_kernel_thread(pid)) {
        errno = ESRCH;
        return false;
    }
    bool alive = read_protection(process);
    int reason = errno;
    if (alive && (process->program = read_program(pid))) {
        process->unit = unit_of_process(pid);
        return true;
    }
    process_free(process);
    errno = alive ? ESRCH : reason;
    return false;
}

void process_free(struct process *process)
{
    free(process->program);
    free(process->unit);
    free(process->library);
}

/* --- all of them ------------------------------------------------------------------------------ */

static int by_unit_and_pid(const void *one, const void *other)
{
    const struct process *a = one, *b = other;
    /* What belongs to no unit comes last. */
    if (!a->unit != !b->unit)
        return a->unit ? -1 : 1;
    int order = a->unit ? strcmp(a->unit, b->unit) : 0;
    return order != 0 ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

/* Takes the process over, whether there is room or not. */
static bool append(struct processes *processes, struct process *process)
{
    struct process *longer = reallocarray(processes->list, processes->count + 1, sizeof *longer);
    if (!longer) {
        process_free(process);
        return false;
    }
    processes->list = longer;
    processes->list[processes->count++] = *process;
    return true;
}

bool processes_read(struct processes *processes)
{
    *processes = (struct processes){0};
    DIR *proc = opendir("/proc");
    if (!proc)
        return false;
    bool complete = true;
    struct dirent *entry;
    while (complete && (entry = readdir(proc))) {
        struct process process;
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid == getpid())
            continue;
        if (process_read(pid, &process))
            complete = append(processes, &process);
        else
            complete = errno == ESRCH;
    }
    int reason = errno;
    closedir(proc);
    if (!complete) {
        processes_free(processes);
        errno = reason;
        return false;
    }
    if (processes->count > 0)
        qsort(processes->list, processes->count, sizeof *processes->list, by_unit_and_pid);
    return true;
}

void processes_free(struct processes *processes)
{
    for (size_t i = 0; i < processes->count; i++)
        process_free(&processes->list[i]);
    free(processes->list);
}

size_t processes_count(const struct processes *processes, enum protection protection)
{
    size_t count = 0;
    for (size_t i = 0; i < processes->count; i++)
        count += processes->list[i].protection == protection;
    return count;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void print_process(const struct process *process)
{
    static const char *const values[] = {
        [PROTECTED] = "true", [UNPROTECTED] = "false", [UNREADABLE] = "null"};
    printf("{\"pid\":%ld,\"program\":", (long)process->pid);
    json_print_string(process->program);
    fputs(",\"unit\":", stdout);
    json_print_string(process->unit);
    printf(",\"protected\":%s,\"library\":", values[process->protection]);
    json_print_string(process->library);
    putchar('}');
}

void processes_print_json(const struct processes *processes)
{
    printf("{\"protected\":%zu,\"unprotected\":%zu,\"unreadable\":%zu,\"processes\":[",
           processes_count(processes, PROTECTED), processes_count(processes, UNPROTECTED),
           processes_count(processes, UNREADABLE));
    for (size_t i = 0; i < processes->count; i++) {
        fputs(i == 0 ? "\n" : ",\n", stdout);
        print_process(&processes->list[i]);
    }
    puts("\n]}");
}
