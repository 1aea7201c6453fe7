/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config_file.h"
#include "ctl.h"
#include "in_force.h"
#include "json.h"
#include "units.h"

#define LIBRARY "libcompatmalloc.so."

/* --- one process ------------------------------------------------------------------------------ */

FILE *process_open(pid_t pid, const char *name)
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
    FILE *maps = process_open(process->pid, "maps");
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
    FILE *comm = process_open(pid, "comm");
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
    FILE *stat = process_open(pid, "stat");
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

/* --- more about one ------------------------------------------------------------------------------ */

static char *read_variable(pid_t pid, const char *name)
{
    FILE *file = process_open(pid, "environ");
    char *entry = NULL, *value = NULL;
    size_t size = 0, length = strlen(name);
    while (file && !value && getdelim(&entry, &size, '\0', file) > 0)
        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            value = strdup(entry + length + 1);
    free(entry);
    if (file)
        fclose(file);
    return value;
}

static uint64_t read_resident(pid_t pid)
{
    FILE *file = process_open(pid, "statm");
    unsigned long pages = 0;
    if (file && fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Seconds since it was started. */
static uint64_t read_age(pid_t pid)
{
    unsigned long long started = 0;
    char line[1024], *name_end;
    FILE *stat = process_open(pid, "stat");
    if (stat && fgets(line, sizeof line, stat) && (name_end = strrchr(line, ')')) &&
        sscanf(name_end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &started) != 1)
        started = 0;
    if (stat)
        fclose(stat);
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t since_boot = started / (unsigned long long)sysconf(_SC_CLK_TCK);
    return (uint64_t)now.tv_sec > since_boot ? (uint64_t)now.tv_sec - since_boot : 0;
}

/* What a process of that program and environment would be told by the configuration as it is now. */
static struct settings configured_for(const struct process *process)
{
    char *own = read_variable(process->pid, "COMPATMALLOC_OPTIONS");
    /* Some programs write the words of their title over their environment. */
    const char *options = own ? own : unit_variable(process->unit, "COMPATMALLOC_OPTIONS");
    char *disable = read_variable(process->pid, "COMPATMALLOC_DISABLE");
    bool is_path = process->program[0] == '/';
    struct settings settings = config_settings(is_path ? process->program : NULL, options);
    if (settings.allow_environment && disable && strcmp(disable, "1") == 0)
        settings.profile = PROFILE_OFF;
    free(own);
    free(disable);
    return settings;
}

void process_read_details(struct process *process)
{
    struct notice notice;
    process->is_in_force = process->protection == PROTECTED && in_force_read(process->pid, &notice);
    if (!process->is_in_force) {
        struct settings settings = configured_for(process);
        notice = (struct notice){.profile = settings.profile, .on_error = settings.on_error};
    }
    process->profile = config_profile_name(notice.profile);
    process->exempt = notice.profile == PROFILE_OFF;
    process->audited = notice.on_error == ON_ERROR_LOG;
    process->resident = read_resident(process->pid);
    process->age = read_age(process->pid);
}

char *process_profile_in_words(const struct process *process)
{
    if (process->protection != PROTECTED)
        return text_of("-");
    return text_of(process->is_in_force ? "%s" : "(%s)", process->profile);
}

/* --- JSON ------------------------------------------------------------------------------------- */

void process_print_json(const struct process *process)
{
    json_number("pid", (uint64_t)process->pid);
    json_string("program", process->program);
    json_string("unit", process->unit);
    if (process->protection == UNREADABLE)
        json_null("protected");
    else
        json_bool("protected", process->protection == PROTECTED);
    json_string("library", process->library);
}

void processes_print_counts_json(const struct processes *processes)
{
    json_number("protected", processes_count(processes, PROTECTED));
    json_number("unprotected", processes_count(processes, UNPROTECTED));
    json_number("unreadable", processes_count(processes, UNREADABLE));
}
