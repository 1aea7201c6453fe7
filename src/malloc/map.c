/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "map.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static __thread bool occupied;

void *map_anywhere(size_t bytes, int protection)
{
    int saved = errno;
    void *result = mmap(NULL, bytes, protection, ANONYMOUS, -1, 0);
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

void map_release(void *address, size_t bytes)
{
    int saved = errno;
    (void)munmap(address, bytes);
    errno = saved;
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

bool map_move(void *from, void *to, size_t bytes)
{
    int saved = errno;
    bool done = mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to;
    errno = saved;
    return done;
}
