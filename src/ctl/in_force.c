/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "in_force.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "library.h"
#include "processes.h"
#include "settings.h"

/* No mapping of the library is anywhere near as large. */
#define MAPPING_MAX (UINT64_C(16) << 20)

/* Reads up to the first notice in memory that starts there. */
static bool find_in(int memory, uint64_t start, uint64_t end, struct notice *notice)
{
    size_t size = (size_t)(end - start);
    char *bytes = malloc(size);
    ssize_t got = bytes ? pread(memory, bytes, size, (off_t)start) : -1;
    bool found = false;
    for (size_t at = 0; !found && got > 0 && at + sizeof *notice <= (size_t)got; at += sizeof notice->magic) {
        memcpy(notice, bytes + at, sizeof *notice);
        found = notice->magic == NOTICE_MAGIC && notice->self == start + at;
    }
    free(bytes);
    return found && notice->profile <= PROFILE_OFF && notice->on_error <= ON_ERROR_LOG;
}

/* Whether this line of maps shows a part of the library that is only read, and where. */
static bool is_constant_part(const char *line, uint64_t *start, uint64_t *end)
{
    char permissions[5];
    const char *path = strchr(line, '/');
    return path && library_is(path, strcspn(path, "\n")) &&
           sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", start, end, permissions) == 3 &&
           strcmp(permissions, "r--p") == 0 && *end - *start <= MAPPING_MAX;
}

bool in_force_read(pid_t pid, struct notice *notice)
{
    char *path = text_of("/proc/%ld/mem", (long)pid), *line = NULL;
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    FILE *maps = memory >= 0 ? process_open(pid, "maps") : NULL;
    size_t size = 0;
    uint64_t start, end;
    bool found = false;
    while (maps && !found && getline(&line, &size, maps) > 0)
        found = is_constant_part(line, &start, &end) && find_in(memory, start, end, notice);
    free(line);
    free(path);
    if (maps)
        fclose(maps);
    if (memory >= 0)
        close(memory);
    return found;
}
