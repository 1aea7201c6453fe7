/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "trust.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the kernel says of owners who have no number in a user namespace. */
#define OVERFLOW_USER 65534

/*
 * In a sandbox with a user namespace the machine's root may have no number. Whoever made it has laid out what
 * it sees as /etc, and there is nobody else to ask.
 */
static bool has_machine_users(void)
{
    static const char whole[] = "         0          0 4294967295";
    char map[sizeof whole - 1];
    /* As elsewhere in the start of a process (environment.c), not by libc's functions. */
    long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/uid_map", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return true;
    long length = syscall(SYS_read, fd, map, sizeof map);
    (void)syscall(SYS_close, fd);
    return length == (long)sizeof map && memcmp(map, whole, sizeof map) == 0;
}

static bool is_root(uid_t user)
{
    return user == 0 || (user == OVERFLOW_USER && !has_machine_users());
}

const char *settings_distrust(const struct stat *status, bool chosen_by_user)
{
    if (!S_ISREG(status->st_mode))
        return "not a regular file; ignored";
    if (status->st_mode & (S_IWGRP | S_IWOTH))
        return "writable by others than its owner; ignored until chmod go-w";
    if (!is_root(status->st_uid) && !(chosen_by_user && status->st_uid == (uid_t)syscall(SYS_geteuid)))
        return "not owned by root; ignored until chown root";
    return NULL;
}
