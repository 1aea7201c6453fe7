/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Vectors of 32 bytes in the compiler's own notation: one AVX2 register where the file is compiled for it,
 * two SSE2 or NEON registers elsewhere. Blocks are touched with nothing else, so widening them is a matter of
 * this file.
 */
#ifndef VEC_H
#define VEC_H

#include "platform.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VEC_BYTES ((size_t)32)

typedef uint64_t vec __attribute__((vector_size(32), may_alias));
typedef uint64_t vec_unaligned __attribute__((vector_size(32), may_alias, aligned(1)));

static ALWAYS_INLINE vec vec_load(const void *from)
{
    return *(const vec_unaligned *)from;
}

static ALWAYS_INLINE void vec_store(void *to, vec value)
{
    *(vec_unaligned *)to = value;
}

static ALWAYS_INLINE vec vec_repeat(uint64_t word)
{
    return (vec){word, word, word, word};
}

#if defined(__AVX__)
static ALWAYS_INLINE bool vec_is_zero(vec value)
{
    return _mm256_testz_si256((__m256i)value, (__m256i)value);
}
#else
static ALWAYS_INLINE bool vec_is_zero(vec value)
{
    return ((value[0] | value[1]) | (value[2] | value[3])) == 0;
}
#endif

#endif
