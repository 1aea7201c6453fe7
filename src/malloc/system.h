/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * System calls without libc's functions for them. Those are cancellation points, and the runtimes of
 * sanitizers put their own in the place of them, which do not work early in a process; and each function that
 * the library imports is looked up by the dynamic linker in every process, also in those that never call it.
 *
 * Sets of signals are the kernel's here: one bit for each, SIGNAL_BIT().
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))

static inline int system_open(const char *path, int flags)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags);
}

static inline ssize_t system_read(int fd, void *bytes, size_t count)
{
    return syscall(SYS_read, fd, bytes, count);
}

static inline ssize_t system_write(int fd, const void *bytes, size_t count)
{
    return syscall(SYS_write, fd, bytes, count);
}

static inline void system_close(int fd)
{
    (void)syscall(SYS_close, fd);
}

static inline off_t system_lseek(int fd, off_t offset, int from)
{
    return syscall(SYS_lseek, fd, offset, from);
}

static inline int system_fstat(int fd, struct stat *status)
{
    return (int)syscall(SYS_fstat, fd, status);
}

static inline int system_fcntl(int fd, int command)
{
    return (int)syscall(SYS_fcntl, fd, command, 0);
}

static inline ssize_t system_readlink(const char *path, char *buffer, size_t size)
{
    return syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size);
}

static inline int system_poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
    struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    return (int)syscall(SYS_ppoll, fds, count, milliseconds < 0 ? NULL : &timeout, NULL, sizeof(uint64_t));
}

static inline int system_socket(int domain, int type)
{
    return (int)syscall(SYS_socket, domain, type, 0);
}

static inline int system_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
    return (int)syscall(SYS_getsockopt, fd, level, option, value, size);
}

static inline void system_sendmsg(int fd, const struct msghdr *message, int flags)
{
    (void)syscall(SYS_sendmsg, fd, message, flags);
}

static inline pid_t system_getpid(void)
{
    return (pid_t)syscall(SYS_getpid);
}

static inline pid_t system_gettid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static inline void system_sigprocmask(int how, const uint64_t *signals, uint64_t *before)
{
    (void)syscall(SYS_rt_sigprocmask, how, signals, before, sizeof *signals);
}

static inline int system_sigpending(uint64_t *signals)
{
    return (int)syscall(SYS_rt_sigpending, signals, sizeof *signals);
}

/* Take one of these signals that is pending. */
static inline void system_sigtake(uint64_t signals)
{
    struct timespec at_once = {0, 0};
    (void)syscall(SYS_rt_sigtimedwait, &signals, NULL, &at_once, sizeof signals);
}

#endif
