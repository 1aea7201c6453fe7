/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report_output.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/un.h>

#include "confined.h"
#include "system.h"

/* --- stderr ----------------------------------------------------------------------------------- */

static bool is_unix_socket(int fd)
{
    int domain;
    socklen_t size = sizeof domain;
    return system_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain == AF_UNIX;
}

static bool is_at_end(int fd, off_t size)
{
    return system_lseek(fd, 0, SEEK_CUR) == size;
}

/*
 * A program that closed its stderr may have opened a database or a network connection since, which then has
 * number 2. What has close-on-exec cannot have been inherited; what can be read and written is a stderr only
 * if a write overwrites nothing (temporary files that test programs collect output in are like that). In a
 * sandbox that does not let us ask it is taken for what it usually is.
 */
static bool is_stderr(int fd)
{
    struct stat status;
    int descriptor = system_fcntl(fd, F_GETFD), flags = descriptor < 0 ? -1 : system_fcntl(fd, F_GETFL);
    if (flags < 0 || system_fstat(fd, &status) != 0)
        return errno != EBADF;
    if (descriptor & FD_CLOEXEC || flags & O_PATH)
        return false;
    int access = flags & O_ACCMODE;
    switch (status.st_mode & S_IFMT) {
    case S_IFCHR:
    case S_IFIFO:
        return access != O_RDONLY;
    case S_IFREG:
        return access == O_WRONLY ||
               (access == O_RDWR && (flags & O_APPEND || is_at_end(fd, status.st_size)));
    case S_IFSOCK:
        return is_unix_socket(fd);
    default:
        return false;
    }
}

enum room {
    NO_ROOM,
    INTERRUPTED,
    ROOM
};

/* Room also where a sandbox does not let us ask: then the write may block. */
static enum room wait_for_room(int fd, int milliseconds)
{
    struct pollfd poll_for = {.fd = fd, .events = POLLOUT};
    int ready = system_poll(&poll_for, 1, milliseconds);
    if (ready == 0)
        return NO_ROOM;
    return ready < 0 && errno == EINTR ? INTERRUPTED : ROOM;
}

static bool is_pending(int signal)
{
    uint64_t pending;
    return system_sigpending(&pending) == 0 && (pending & SIGNAL_BIT(signal)) != 0;
}

static void write_all(int fd, const char *bytes, size_t left, int patience)
{
    /* Somebody stopping and continuing the process interrupts calls; anything more often than this is not
     * that. */
    int attempts = 100;
    while (left > 0 && attempts-- > 0) {
        enum room room = wait_for_room(fd, patience);
        if (room == NO_ROOM)
            return;
        if (room == INTERRUPTED)
            continue;
        ssize_t written = system_write(fd, bytes, left);
        if (written > 0) {
            bytes += written;
            left -= (size_t)written;
        } else if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
    }
}

static void take_back_sigpipe(void)
{
    system_sigtake(SIGNAL_BIT(SIGPIPE));
}

void report_write_stderr(const struct text *text, int patience_milliseconds)
{
    if (!is_stderr(STDERR_FILENO))
        return;
    /* A reader that has gone away must not kill a program which was to carry on. */
    bool had_sigpipe = is_pending(SIGPIPE);
    write_all(STDERR_FILENO, text->start, text->used, patience_milliseconds);
    if (!had_sigpipe && is_pending(SIGPIPE))
        take_back_sigpipe();
}

size_t report_write_confined(const struct text *text)
{
    size_t done = 0;
    ssize_t written = confined_has_stderr() ? 1 : 0;
    while (written > 0 && done < text->used) {
        written = system_write(STDERR_FILENO, text->start + done, text->used - done);
        done += written > 0 ? (size_t)written : 0;
    }
    /* Nothing else may be asked; and the process is about to die of something that tells more. */
    if (written < 0 && errno == EPIPE)
        take_back_sigpipe();
    return done;
}

/* --- the journal ------------------------------------------------------------------------------ */

void report_send_journal(const struct text *fields)
{
    static const struct sockaddr_un journal = {AF_UNIX, "/run/systemd/journal/socket"};
    int fd = system_socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct iovec all = {fields->start, fields->used};
    struct sockaddr_un to = journal;
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &all, .msg_iovlen = 1};
    system_sendmsg(fd, &message, MSG_NOSIGNAL);
    system_close(fd);
}
