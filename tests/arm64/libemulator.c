/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What qemu-user 7.2 needs to behave as a processor with memory tags. Preloaded in front of the library,
 * which then calls these.
 *
 * - It takes the instruction DC ZVA for a fault wherever the address has a tag, so memory is filled without.
 * - It allocates what it keeps a page's tags in when the first is stored. Two threads that do so at the same
 *   moment get one each, and the tags of one of them are lost: blocks of theirs then seem to have been freed.
 *   So each page gets its first tag, which is 0, while nobody else has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TAGGED_MAPPING 0x20
#define PAGE           4096

void *__memset_chk(void *to, int value, size_t bytes, size_t limit);

void *__memset_chk(void *to, int value, size_t bytes, size_t limit)
{
    typedef uint64_t __attribute__((aligned(1), may_alias)) word;
    volatile unsigned char *at = to;
    (void)limit;
    for (; bytes >= sizeof(word); bytes -= sizeof(word), at += sizeof(word))
        *(volatile word *)at = (unsigned char)value * UINT64_C(0x0101010101010101);
    while (bytes-- != 0)
        *at++ = (unsigned char)value;
    return to;
}

/* Guard pages lie in between: the kernel is asked, by a name of no letters there. */
static int is_accessible(const char *page)
{
    return syscall(SYS_faccessat, AT_FDCWD, page, F_OK, 0) == 0 || errno != EFAULT;
}

static void store_first_tags(char *from, size_t bytes)
{
    int saved = errno;
    for (char *end = from + bytes; from < end; from += PAGE)
        if (is_accessible(from))
            __asm__ volatile(".arch armv8.5-a+memtag\n\tstg %0, [%0]" : : "r"(from) : "memory");
    errno = saved;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    void *range = (void *)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
    if (range != MAP_FAILED && protection & TAGGED_MAPPING)
        store_first_tags(range, bytes);
    return range;
}

/* Tags go with the pages. */
int madvise(void *address, size_t bytes, int advice)
{
    long result = syscall(SYS_madvise, address, bytes, advice);
    if (result == 0 && advice == MADV_DONTNEED)
        store_first_tags(address, bytes);
    return (int)result;
}
