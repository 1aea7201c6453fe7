/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hide a value's origin from the compiler, which would warn of, or profit from, what tests do wrong on
 * purpose.
 */
#ifndef OPAQUE_H
#define OPAQUE_H

#include <stddef.h>
#include <stdint.h>

static inline void *opaque(const volatile void *pointer)
{
    uintptr_t value = (uintptr_t)pointer;
    __asm__ volatile("" : "+r"(value));
    return (void *)value;
}

static inline size_t opaque_size(size_t size)
{
    __asm__ volatile("" : "+r"(size));
    return size;
}

#endif
