/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What every file of the allocator needs from compiler and kernel. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE      __attribute__((noinline))
#define COLD          __attribute__((noinline, cold))
#define EXPORT        __attribute__((visibility("default")))

/* Keep the value in a register: the compiler cannot derive it again from what it was made of. */
#define HOLD(value) __asm__("" : "+r"(value))

/*
 * For tables that few processes use: they stand behind all other variables, so that what every process writes
 * is on one or two pages (the linker puts what has the smaller alignment last).
 */
#define SELDOM __attribute__((section(".bss.seldom"), aligned(16)))

/* The strictest fundamental alignment, which malloc owes every block of at least that size (C23 7.24.3). */
#define MALLOC_ALIGNMENT ((size_t)16)

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define TIB (KIB * GIB)

/* The largest page a supported kernel may have, for what must stand on pages of its own before its size is
 * known. */
#if defined(__aarch64__)
#define PAGE_SIZE_MAX 65536
#else
#define PAGE_SIZE_MAX 4096
#endif

/* Costs nothing in release builds; PROFILE=debug defines INTERNAL_ASSERTIONS. */
#ifdef INTERNAL_ASSERTIONS
#define ASSERT(x) ((x) ? (void)0 : __builtin_trap())
#else
#define ASSERT(x) ((void)0)
#endif

/* A limit on one object, so that pointer differences within it fit (glibc's limit too). */
#define SIZE_LIMIT ((size_t)PTRDIFF_MAX)

/*
 * The compiler moves no access to memory across it. A signal handler may interrupt the allocator anywhere and
 * never return, so where the order of steps decides what is found then, it is stated.
 */
static inline void signal_fence(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline size_t round_up(size_t value, size_t power_of_two)
{
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

static inline size_t round_down(size_t value, size_t power_of_two)
{
    return value & ~(power_of_two - 1);
}

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The largest power of two up to the value; 1 for 0. */
static inline uint32_t power_of_two_below(size_t value)
{
    return value ? (uint32_t)1 << (63 - __builtin_clzll(value)) : 1;
}

static inline bool is_power_of_two(size_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

#endif
