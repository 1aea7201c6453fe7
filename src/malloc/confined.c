/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "confined.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "executable.h"
#include "map.h"
#include "system.h"

/* --- whether it may be ------------------------------------------------------------------------------ */

static bool makes_filters(const char *function)
{
    return strcmp(function, "prctl") == 0 || strcmp(function, "syscall") == 0 ||
           strncmp(function, "seccomp_", strlen("seccomp_")) == 0;
}

bool confined_perhaps(void)
{
    return map_was_confined() || executable_uses(makes_filters);
}

/* --- what number 2 is -------------------------------------------------------------------------------- */

/* More than a datagram of any network can have, and less than a socket's buffer. */
#define TOO_MUCH ((size_t)70000)

/* The stack as the kernel left it for the program (environment.c). */
extern void *__libc_stack_end;

/* systemd sets it for those whose stderr or stdout is its own stream: a local socket. */
static bool started_with_journal(void)
{
    const uintptr_t *stack = __libc_stack_end;
    if (!stack)
        return false;
    const char *const *entry = (const char *const *)(const void *)(stack + 1 + stack[0] + 1);
    for (; *entry; entry++)
        if (strncmp(*entry, "JOURNAL_STREAM=", strlen("JOURNAL_STREAM=")) == 0)
            return true;
    return false;
}

/* The errno of a mapping of it, or 0 if it can be mapped. */
static int map_error(int flags)
{
    void *mapping = mmap(NULL, PAGE_SIZE_MAX, PROT_READ, MAP_PRIVATE | flags, STDERR_FILENO, 0);
    if (mapping == MAP_FAILED)
        return errno;
    map_release(mapping, PAGE_SIZE_MAX);
    return 0;
}

/* The errno of a write of so many bytes that cannot be read, so that nothing is written. */
static int write_error(size_t bytes)
{
    void *inaccessible = map_anywhere(round_up(bytes, PAGE_SIZE_MAX), PROT_NONE);
    if (!inaccessible)
        return ENOMEM;
    ssize_t written = system_write(STDERR_FILENO, inaccessible, bytes);
    int error = written < 0 ? errno : 0;
    map_release(inaccessible, round_up(bytes, PAGE_SIZE_MAX));
    return error;
}

/*
 * What is open for writing alone says EACCES: files and pipes, as shells make them. A mapping that is to grow
 * is impossible (EINVAL) where mappings are possible at all, and ENODEV comes before that for what knows
 * nothing of them: terminals and /dev/null, but also an eventfd, which takes no single byte. That leaves what
 * can be mapped, as a database, a device, or a TCP connection; and other sockets. Those of a network know
 * that they cannot send so much before they look at it.
 */
bool confined_has_stderr(void)
{
    switch (map_error(MAP_GROWSDOWN)) {
    case EACCES:
        return true;
    case ENODEV: {
        int error = write_error(1);
        return error == 0 || error == EFAULT;
    }
    case EINVAL:
        return started_with_journal() && map_error(0) == ENODEV && write_error(TOO_MUCH) == EFAULT;
    default:
        return false;
    }
}
