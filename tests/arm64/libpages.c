/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A machine with larger pages, as far as the allocator can tell: preloaded in front of it, says what PAGES
 * says of the page size, and maps memory as a kernel with such pages would. Whatever is asked of a place that
 * is not a page's start is refused, and ends the process with a message, since no correct program does it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern unsigned long __getauxval(unsigned long type);
extern long __sysconf(int name);

static size_t page_size(void)
{
    static size_t size;
    if (size == 0) {
        const char *pages = getenv("PAGES");
        size = pages ? strtoul(pages, NULL, 10) : 65536;
    }
    return size;
}

static size_t whole(size_t bytes)
{
    return (bytes + page_size() - 1) & ~(page_size() - 1);
}

static void must_begin_a_page(const char *call, const void *address)
{
    char text[100];
    if ((uintptr_t)address % page_size() == 0)
        return;
    int length = snprintf(text, sizeof text, "%s of %p, which begins no page of %zu bytes\n", call, address,
                          page_size());
    (void)!write(STDERR_FILENO, text, (size_t)length);
    _exit(99);
}

static void *map(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
}

unsigned long getauxval(unsigned long type)
{
    return type == AT_PAGESZ ? page_size() : __getauxval(type);
}

long sysconf(int name)
{
    return name == _SC_PAGESIZE ? (long)page_size() : __sysconf(name);
}

int getpagesize(void)
{
    return (int)page_size();
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        must_begin_a_page("mmap", address);
        return map(address, whole(bytes), protection, flags, fd, offset);
    }
    /* Room for a start at a page, and what is not needed of it given back. */
    char *room =
        map(NULL, whole(bytes) + page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return MAP_FAILED;
    char *start = (char *)whole((uintptr_t)room);
    syscall(SYS_munmap, room, (size_t)(start - room));
    syscall(SYS_munmap, start + whole(bytes), page_size() - (size_t)(start - room));
    void *mapped = map(start, whole(bytes), protection, flags | MAP_FIXED, fd, offset);
    if (mapped == MAP_FAILED)
        syscall(SYS_munmap, start, whole(bytes));
    return mapped;
}

int munmap(void *address, size_t bytes)
{
    must_begin_a_page("munmap", address);
    return (int)syscall(SYS_munmap, address, whole(bytes));
}

int mprotect(void *address, size_t bytes, int protection)
{
    must_begin_a_page("mprotect", address);
    return (int)syscall(SYS_mprotect, address, whole(bytes), protection);
}

int madvise(void *address, size_t bytes, int advice)
{
    must_begin_a_page("madvise", address);
    return (int)syscall(SYS_madvise, address, whole(bytes), advice);
}

void *mremap(void *address, size_t before, size_t after, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    void *target = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
    va_end(arguments);
    must_begin_a_page("mremap", address);
    must_begin_a_page("mremap", target);
    if (flags & MREMAP_FIXED)
        return (void *)syscall(SYS_mremap, address, whole(before), whole(after), flags, target);
    void *stays = (void *)syscall(SYS_mremap, address, whole(before), whole(after), 0);
    if (stays != MAP_FAILED || !(flags & MREMAP_MAYMOVE))
        return stays;
    target = mmap(NULL, after, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (target == MAP_FAILED)
        return MAP_FAILED;
    return (void *)syscall(SYS_mremap, address, whole(before), whole(after), MREMAP_MAYMOVE | MREMAP_FIXED,
                           target);
}
