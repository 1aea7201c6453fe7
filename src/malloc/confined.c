/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "confined.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "executable.h"
#include "map.h"
#include "system.h"

/* --- whether it may be ------------------------------------------------------------------------------ */

static bool begins_with(const char *name, const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && name[i] == text[i])
        i++;
    return i == length;
}

/* Every import of the program is looked at when it is loaded: for most, the first byte is enough, and libc's
 * functions for the rest would double what this costs. */
static bool makes_filters(const char *function)
{
    if (function[0] != 'p' && function[0] != 's')
        return false;
    return begins_with(function, "prctl", sizeof "prctl") ||
           begins_with(function, "syscall", sizeof "syscall") ||
           begins_with(function, "seccomp_", strlen("seccomp_"));
}

static bool by_library;
static bool local_socket; /* what number 2 was in the beginning */

bool confined_perhaps(void)
{
    return map_was_confined() || by_library || executable_uses(makes_filters);
}

bool confined_later_perhaps(void)
{
    if (confined_perhaps())
        return true;
    if (executable_has_loaded("libseccomp.so"))
        by_library = true;
    return by_library;
}

/* --- what number 2 is -------------------------------------------------------------------------------- */

/* More than a datagram of any network can have, and less than a socket's buffer. */
#define TOO_MUCH ((size_t)70000)

/* The stack as the kernel left it for the program (environment.c). */
extern void *__libc_stack_end;

void confined_note_stderr(void)
{
    int domain, saved = errno;
    socklen_t size = sizeof domain;
    if (!map_was_confined() && system_getsockopt(STDERR_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
        domain == AF_UNIX)
        local_socket = true;
    errno = saved;
}

/* systemd sets it for those whose stderr or stdout is its own stream: a local socket. It can be seen without
 * a question, which a filter that is there from the start may kill for. */
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
        return (local_socket || started_with_journal()) && map_error(0) == ENODEV &&
               write_error(TOO_MUCH) == EFAULT;
    default:
        return false;
    }
}
