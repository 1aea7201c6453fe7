/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * check-copies: the functions of <string.h>, <strings.h> and <wchar.h> that copy and fill, exported so that
 * in processes with that check what they are about to read and write can be held against the bounds of the
 * blocks that it lies in. In all others they cost one test of a constant on the way to libc's own.
 *
 * Libc's own are reached by the names that _FORTIFY_SOURCE uses, with an unlimited size: those are not ours,
 * so no lookup is needed, which also makes this work at any time. Strings are measured and then copied as
 * memory. Counts of wide characters are not bytes.
 */
#include <string.h>
#include <strings.h>
#include <wchar.h>

#include "bounds.h"
#include "caller.h"
#include "constants.h"

extern void *__memmove_chk(void *to, const void *from, size_t bytes, size_t limit);
extern void *__memset_chk(void *to, int value, size_t bytes, size_t limit);
extern wchar_t *__wmemset_chk(wchar_t *to, wchar_t value, size_t count, size_t limit);

/* No limit; and the compiler must not know, or it makes a call of the plain function out of this, which is
 * us. */
static ALWAYS_INLINE size_t unlimited(void)
{
    size_t limit = SIZE_MAX;
    __asm__("" : "+r"(limit));
    return limit;
}

/* Every program calls them, also those that never allocate: so they stand near the beginning of the library,
 * in pages that the dynamic linker has looked at anyway. */
#define FREQUENT EXPORT __attribute__((hot))

/* memcpy moves: programs linked before glibc 2.14 rely on it, and it costs nothing. */
static ALWAYS_INLINE void *move(void *to, const void *from, size_t bytes)
{
    return __memmove_chk(to, from, bytes, unlimited());
}

static ALWAYS_INLINE void *fill(void *to, int value, size_t bytes)
{
    return __memset_chk(to, value, bytes, unlimited());
}

static ALWAYS_INLINE bool checks(void)
{
    return unlikely(constants.features & CHECK_COPIES);
}

static ALWAYS_INLINE void check_write(const void *to, size_t bytes, const char *function)
{
    if (checks()) {
        CALLER_NOTE();
        bounds_check(to, bytes, BOUNDS_WRITE, function);
    }
}

static ALWAYS_INLINE void check_both(const void *to, const void *from, size_t bytes, const char *function)
{
    if (checks()) {
        CALLER_NOTE();
        bounds_check(from, bytes, BOUNDS_READ, function);
        bounds_check(to, bytes, BOUNDS_WRITE, function);
    }
}

/* The terminator, where there is one, is read too; what is written may be more or less than that. */
static ALWAYS_INLINE void check_strings(const void *to, size_t written, const void *from, size_t read,
                                        const char *function)
{
    if (checks()) {
        CALLER_NOTE();
        bounds_check(from, read, BOUNDS_READ, function);
        bounds_check(to, written, BOUNDS_WRITE, function);
    }
}

/* Out of the way of the most frequent ones, which then need no registers of their own. */
static COLD void *move_checked(void *to, const void *from, size_t bytes, const char *function)
{
    check_both(to, from, bytes, function);
    return move(to, from, bytes);
}

static COLD void *fill_checked(void *to, int value, size_t bytes)
{
    check_write(to, bytes, "memset");
    return fill(to, value, bytes);
}

/* --- memory */

FREQUENT void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    return checks() ? move_checked(to, from, bytes, "memcpy") : move(to, from, bytes);
}

FREQUENT void *memmove(void *to, const void *from, size_t bytes)
{
    return checks() ? move_checked(to, from, bytes, "memmove") : move(to, from, bytes);
}

FREQUENT void *mempcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    check_both(to, from, bytes, "mempcpy");
    return (char *)move(to, from, bytes) + bytes;
}

FREQUENT void *memccpy(void *restrict to, const void *restrict from, int stop, size_t bytes)
{
    const char *found = memchr(from, stop, bytes);
    size_t copied = found ? (size_t)(found + 1 - (const char *)from) : bytes;
    check_both(to, from, copied, "memccpy");
    move(to, from, copied);
    return found ? (char *)to + copied : NULL;
}

FREQUENT void *memset(void *to, int value, size_t bytes)
{
    return checks() ? fill_checked(to, value, bytes) : fill(to, value, bytes);
}

FREQUENT void bcopy(const void *from, void *to, size_t bytes)
{
    check_both(to, from, bytes, "bcopy");
    move(to, from, bytes);
}

FREQUENT void bzero(void *to, size_t bytes)
{
    check_write(to, bytes, "bzero");
    fill(to, 0, bytes);
}

/* --- strings */

FREQUENT char *stpcpy(char *restrict to, const char *restrict from)
{
    size_t length = strlen(from);
    check_both(to, from, length + 1, "stpcpy");
    return (char *)move(to, from, length + 1) + length;
}

FREQUENT char *strcpy(char *restrict to, const char *restrict from)
{
    size_t bytes = strlen(from) + 1;
    check_both(to, from, bytes, "strcpy");
    return move(to, from, bytes);
}

static ALWAYS_INLINE char *copy_padded(char *to, const char *from, size_t bytes, const char *function)
{
    size_t length = strnlen(from, bytes);
    check_strings(to, bytes, from, length + (length < bytes), function);
    move(to, from, length);
    fill(to + length, 0, bytes - length);
    return to + length;
}

FREQUENT char *stpncpy(char *restrict to, const char *restrict from, size_t bytes)
{
    return copy_padded(to, from, bytes, "stpncpy");
}

FREQUENT char *strncpy(char *restrict to, const char *restrict from, size_t bytes)
{
    (void)copy_padded(to, from, bytes, "strncpy");
    return to;
}

FREQUENT char *strcat(char *restrict to, const char *restrict from)
{
    size_t bytes = strlen(from) + 1;
    char *end = to + strlen(to);
    check_both(end, from, bytes, "strcat");
    move(end, from, bytes);
    return to;
}

FREQUENT char *strncat(char *restrict to, const char *restrict from, size_t most)
{
    size_t length = strnlen(from, most);
    char *end = to + strlen(to);
    check_strings(end, length + 1, from, length + (length < most), "strncat");
    move(end, from, length);
    end[length] = '\0';
    return to;
}

/* --- wide characters */

static ALWAYS_INLINE size_t wide(size_t count)
{
    size_t bytes;
    return __builtin_mul_overflow(count, sizeof(wchar_t), &bytes) ? SIZE_MAX : bytes;
}

FREQUENT wchar_t *wmemcpy(wchar_t *restrict to, const wchar_t *restrict from, size_t count)
{
    check_both(to, from, wide(count), "wmemcpy");
    return move(to, from, count * sizeof *to);
}

FREQUENT wchar_t *wmemmove(wchar_t *to, const wchar_t *from, size_t count)
{
    check_both(to, from, wide(count), "wmemmove");
    return move(to, from, count * sizeof *to);
}

FREQUENT wchar_t *wmempcpy(wchar_t *restrict to, const wchar_t *restrict from, size_t count)
{
    check_both(to, from, wide(count), "wmempcpy");
    return (wchar_t *)move(to, from, count * sizeof *to) + count;
}

FREQUENT wchar_t *wmemset(wchar_t *to, wchar_t value, size_t count)
{
    check_write(to, wide(count), "wmemset");
    return __wmemset_chk(to, value, count, unlimited());
}

FREQUENT wchar_t *wcpcpy(wchar_t *restrict to, const wchar_t *restrict from)
{
    size_t length = wcslen(from);
    check_both(to, from, wide(length + 1), "wcpcpy");
    return (wchar_t *)move(to, from, (length + 1) * sizeof *to) + length;
}

FREQUENT wchar_t *wcscpy(wchar_t *restrict to, const wchar_t *restrict from)
{
    size_t count = wcslen(from) + 1;
    check_both(to, from, wide(count), "wcscpy");
    return move(to, from, count * sizeof *to);
}

static ALWAYS_INLINE wchar_t *copy_padded_wide(wchar_t *to, const wchar_t *from, size_t count,
                                               const char *function)
{
    size_t length = wcsnlen(from, count);
    check_strings(to, wide(count), from, wide(length + (length < count)), function);
    move(to, from, length * sizeof *to);
    __wmemset_chk(to + length, L'\0', count - length, unlimited());
    return to + length;
}

FREQUENT wchar_t *wcpncpy(wchar_t *restrict to, const wchar_t *restrict from, size_t count)
{
    return copy_padded_wide(to, from, count, "wcpncpy");
}

FREQUENT wchar_t *wcsncpy(wchar_t *restrict to, const wchar_t *restrict from, size_t count)
{
    (void)copy_padded_wide(to, from, count, "wcsncpy");
    return to;
}

FREQUENT wchar_t *wcscat(wchar_t *restrict to, const wchar_t *restrict from)
{
    size_t count = wcslen(from) + 1;
    wchar_t *end = to + wcslen(to);
    check_both(end, from, wide(count), "wcscat");
    move(end, from, count * sizeof *to);
    return to;
}

FREQUENT wchar_t *wcsncat(wchar_t *restrict to, const wchar_t *restrict from, size_t most)
{
    size_t length = wcsnlen(from, most);
    wchar_t *end = to + wcslen(to);
    check_strings(end, wide(length + 1), from, wide(length + (length < most)), "wcsncat");
    move(end, from, length * sizeof *to);
    end[length] = L'\0';
    return to;
}
