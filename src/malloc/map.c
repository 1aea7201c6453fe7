/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "map.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define SYS_MSEAL 462 /* on every architecture */
#define ACCOUNTED (MAP_PRIVATE | MAP_ANONYMOUS)
#define ANONYMOUS (ACCOUNTED | MAP_NORESERVE)

static __thread bool occupied, lost;

/*
 * The kernel keeps account of what has ever been writable of it, as of glibc's large blocks. So that part,
 * once it is inaccessible again, differs from what always was, and does not become one mapping with it, only
 * to be cut out again when it is needed: that saves a third of the time which the protection takes.
 */
void *map_anywhere(size_t bytes, int protection)
{
    int saved = errno;
    void *result = mmap(NULL, bytes, protection, ACCOUNTED, -1, 0);
    errno = saved;
    return result == MAP_FAILED ? NULL : result;
}

bool map_at(void *address, size_t bytes, int protection)
{
    int saved = errno;
    void *result = mmap(address, bytes, protection, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    occupied = result == MAP_FAILED && errno == EEXIST;
    if (result != MAP_FAILED && result != address) {
        /* Kernels before 4.17 take the address for a hint. */
        (void)munmap(result, bytes);
        occupied = true;
        result = MAP_FAILED;
    }
    errno = saved;
    return result != MAP_FAILED;
}

bool map_was_occupied(void)
{
    return occupied;
}

bool map_release(void *address, size_t bytes)
{
    int saved = errno;
    bool done = munmap(address, bytes) == 0;
    errno = saved;
    return done;
}

bool map_discard(void *address, size_t bytes)
{
    int saved = errno;
    bool done = madvise(address, bytes, MADV_DONTNEED) == 0;
    errno = saved;
    return done;
}

bool map_protect(void *address, size_t bytes, int protection)
{
    int saved = errno;
    bool done = mprotect(address, bytes, protection) == 0;
    errno = saved;
    return done;
}

bool map_blank(void *address, size_t bytes)
{
    int saved = errno;
    bool done = mmap(address, bytes, PROT_NONE, ANONYMOUS | MAP_FIXED, -1, 0) == address;
    errno = saved;
    return done;
}

/* In memory that is there already: where the address space is at its limit, nothing else could be had. */
bool map_has_mappings_left(void)
{
    static char probe[3 * PAGE_SIZE_MAX] __attribute__((aligned(PAGE_SIZE_MAX)));
    bool split = map_protect(probe + PAGE_SIZE_MAX, PAGE_SIZE_MAX, PROT_READ);
    (void)map_protect(probe + PAGE_SIZE_MAX, PAGE_SIZE_MAX, PROT_READ | PROT_WRITE);
    return split;
}

/*
 * A seccomp filter that was there before the program, as systemd's SystemCallFilter= is, may not know the
 * call and kill the process for it.
 */
static bool confined;

void map_seal(const void *address, size_t bytes)
{
    int saved = errno;
    confined = syscall(SYS_prctl, PR_GET_SECCOMP) != 0;
    if (!confined)
        (void)syscall(SYS_MSEAL, address, bytes, 0);
    errno = saved;
}

bool map_was_confined(void)
{
    return confined;
}

/*
 * The kernel unmaps the destination before it finds out that it has no memory for the move (ENOMEM), or that
 * the source is more than one mapping (EFAULT). Before this thread can take it again another may have, or
 * else it was not unmapped after all: that cannot be known.
 */
static bool move(void *from, void *to, size_t bytes, int how)
{
    int saved = errno;
    bool done = mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | how, to) == to;
    bool begun = done || (errno != EINVAL && errno != EPERM && errno != ENOSYS);
    lost = !done && begun && !map_at(to, bytes, PROT_NONE);
    errno = saved;
    return done;
}

bool map_lost_destination(void)
{
    return lost;
}

bool map_move(void *from, void *to, size_t bytes)
{
    return move(from, to, bytes, 0);
}

bool map_move_pages(void *from, void *to, size_t bytes)
{
    return move(from, to, bytes, MREMAP_DONTUNMAP);
}
