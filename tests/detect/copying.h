/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The frame of the cases about the functions that copy and fill: each is called so that it writes exactly
 * `size` bytes, with its terminator if it has one, and reads as many.
 *
 * The misuses end in _exit(), before anything is freed: nothing but the copy itself can have found them.
 */
#ifndef COPYING_H
#define COPYING_H

#include "misuse.h"

#include <strings.h>
#include <sys/wait.h>
#include <wchar.h>

typedef void copying(void *to, const void *from, size_t size);

static inline void with_memcpy(void *to, const void *from, size_t size)
{
    memcpy(to, from, size);
}

static inline void with_memmove(void *to, const void *from, size_t size)
{
    memmove(to, from, size);
}

static inline void with_mempcpy(void *to, const void *from, size_t size)
{
    mempcpy(to, from, size);
}

static inline void with_memccpy(void *to, const void *from, size_t size)
{
    memccpy(to, from, '!', size);
}

static inline void with_bcopy(void *to, const void *from, size_t size)
{
    bcopy(from, to, size);
}

static inline void with_strcpy(void *to, const void *from, size_t size)
{
    (void)size;
    strcpy(to, from);
}

static inline void with_stpcpy(void *to, const void *from, size_t size)
{
    (void)size;
    stpcpy(to, from);
}

static inline void with_strncpy(void *to, const void *from, size_t size)
{
    strncpy(to, from, size);
}

static inline void with_stpncpy(void *to, const void *from, size_t size)
{
    stpncpy(to, from, size);
}

static inline void with_strcat(void *to, const void *from, size_t size)
{
    (void)size;
    *(char *)to = '\0';
    strcat(to, from);
}

static inline void with_strncat(void *to, const void *from, size_t size)
{
    *(char *)to = '\0';
    strncat(to, from, size - 1);
}

static inline void with_wmemcpy(void *to, const void *from, size_t size)
{
    wmemcpy(to, from, size / sizeof(wchar_t));
}

static inline void with_wmemmove(void *to, const void *from, size_t size)
{
    wmemmove(to, from, size / sizeof(wchar_t));
}

static inline void with_wmempcpy(void *to, const void *from, size_t size)
{
    wmempcpy(to, from, size / sizeof(wchar_t));
}

static inline void with_wcscpy(void *to, const void *from, size_t size)
{
    (void)size;
    wcscpy(to, from);
}

static inline void with_wcpcpy(void *to, const void *from, size_t size)
{
    (void)size;
    wcpcpy(to, from);
}

static inline void with_wcsncpy(void *to, const void *from, size_t size)
{
    wcsncpy(to, from, size / sizeof(wchar_t));
}

static inline void with_wcpncpy(void *to, const void *from, size_t size)
{
    wcpncpy(to, from, size / sizeof(wchar_t));
}

static inline void with_wcscat(void *to, const void *from, size_t size)
{
    (void)size;
    *(wchar_t *)to = L'\0';
    wcscat(to, from);
}

static inline void with_wcsncat(void *to, const void *from, size_t size)
{
    *(wchar_t *)to = L'\0';
    wcsncat(to, from, size / sizeof(wchar_t) - 1);
}

static inline void with_memset(void *to, const void *from, size_t size)
{
    (void)from;
    memset(to, 'x', size);
}

static inline void with_bzero(void *to, const void *from, size_t size)
{
    (void)from;
    bzero(to, size);
}

static inline void with_wmemset(void *to, const void *from, size_t size)
{
    (void)from;
    wmemset(to, L'x', size / sizeof(wchar_t));
}

/* Not by a function that a case is about. */
static inline void put_bytes(char *to, char value, size_t size)
{
    for (volatile char *at = opaque(to); size != 0; size--)
        *at++ = value;
}

/* A block with that many bytes, no element of which is zero. */
static inline char *letters(size_t size)
{
    char *block = must(malloc(size));
    put_bytes(block, 'x', size);
    return block;
}

/* The same, but for the last element. */
static inline char *text(size_t size, size_t unit)
{
    char *block = letters(size);
    put_bytes(block + size - unit, '\0', unit);
    return block;
}

/*
 * The strict profile gives the first blocks of a process pages of their own. So what follows the call happens
 * twice: in a child, which must not survive it, and then, when those are used up, here.
 */
static inline void with_first_blocks_and_later(size_t size)
{
    enum {
        FIRST = 100
    };
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        return;
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        _exit(3);
    for (size_t i = 0; i < FIRST; i++)
        must(malloc(size));
}

static inline void write_past(copying *copy, size_t size, size_t unit)
{
    with_first_blocks_and_later(size);
    copy(opaque(must(malloc(size))), text(size + unit, unit), size + unit);
    _exit(0);
}

/* Two elements more: functions that end a string by themselves read one less than they write. */
static inline void read_past(copying *copy, size_t size, size_t unit)
{
    with_first_blocks_and_later(size);
    copy(must(malloc(size + 2 * unit)), opaque(letters(size)), size + 2 * unit);
    _exit(0);
}

static inline void expect_same(const char *one, const char *other, size_t size)
{
    if (memcmp(one, other, size) != 0)
        _exit(3);
}

/* Whole blocks, the ends of blocks, and from the stack and to it. */
static inline void copy_exactly(copying *copy, size_t size, size_t unit)
{
    char *from = text(size, unit), *to = must(malloc(size));
    copy(opaque(to), from, size);
    expect_same(to, from, size);

    size_t part = size / 2 / unit * unit;
    if (part != 0) {
        put_bytes(to, 'y', size);
        copy(opaque(to + size - part), from + size - part, part);
        expect_same(to + size - part, from + size - part, part);
    }
    char local[256];
    if (size <= sizeof local) {
        copy(opaque(local), from, size);
        copy(opaque(to), local, size);
        expect_same(to, from, size);
    }
    free(to);
    free(from);
}

static inline void fill_exactly(copying *fill, size_t size, size_t unit)
{
    char *block = must(malloc(size)), local[256];
    fill(opaque(block), NULL, size);
    fill(opaque(block + size - unit), NULL, unit);
    fill(opaque(block + size), NULL, 0);
    fill(opaque(local), NULL, sizeof local);
    for (size_t i = unit; i < size; i++)
        expect_same(block + i, block + i - unit, 1);
    expect_same(block, local, size < sizeof local ? size : sizeof local);
    free(block);
}

#endif
