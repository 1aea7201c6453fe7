/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Vectors of 32 bytes: one AVX2 register where the file is compiled for it, a pair of SSE2 or NEON registers
 * elsewhere. Blocks are touched with nothing else, so making it wider is a matter of this file. (The
 * compiler's own 32-byte vectors will not do: without AVX, gcc 12 takes them apart into scalars.)
 */
#ifndef VEC_H
#define VEC_H

#include "platform.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VEC_BYTES ((size_t)32)

#if defined(__AVX2__)

typedef __m256i vec;

/* Keep the value in a register from here on. */
#define VEC_HOLD(value) __asm__("" : "+x"(value))

static ALWAYS_INLINE vec vec_load(const void *from)
{
    return _mm256_loadu_si256(from);
}

static ALWAYS_INLINE void vec_store(void *to, vec value)
{
    _mm256_storeu_si256(to, value);
}

static ALWAYS_INLINE vec vec_repeat(uint64_t word)
{
    return _mm256_set1_epi64x((long long)word);
}

static ALWAYS_INLINE vec vec_xor(vec a, vec b)
{
    return _mm256_xor_si256(a, b);
}

static ALWAYS_INLINE vec vec_or(vec a, vec b)
{
    return _mm256_or_si256(a, b);
}

static ALWAYS_INLINE vec vec_and(vec a, vec b)
{
    return _mm256_and_si256(a, b);
}

/* b where a is zero. */
static ALWAYS_INLINE vec vec_andnot(vec a, vec b)
{
    return _mm256_andnot_si256(a, b);
}

static ALWAYS_INLINE bool vec_is_zero(vec value)
{
    return _mm256_testz_si256(value, value);
}

/* Whether it is zero where the mask in memory is not. */
static ALWAYS_INLINE bool vec_is_zero_under(vec value, const void *mask)
{
    return _mm256_testz_si256(value, vec_load(mask));
}

#else

typedef uint64_t half __attribute__((vector_size(16), may_alias));
typedef uint64_t half_unaligned __attribute__((vector_size(16), may_alias, aligned(1)));

typedef struct {
    half low, high;
} vec;

/* There are registers enough. */
#define VEC_HOLD(value) ((void)(value))

static ALWAYS_INLINE vec vec_load(const void *from)
{
    const half_unaligned *halves = from;
    return (vec){halves[0], halves[1]};
}

static ALWAYS_INLINE void vec_store(void *to, vec value)
{
    half_unaligned *halves = to;
    halves[0] = value.low;
    halves[1] = value.high;
}

static ALWAYS_INLINE vec vec_repeat(uint64_t word)
{
    return (vec){(half){word, word}, (half){word, word}};
}

static ALWAYS_INLINE vec vec_xor(vec a, vec b)
{
    return (vec){a.low ^ b.low, a.high ^ b.high};
}

static ALWAYS_INLINE vec vec_or(vec a, vec b)
{
    return (vec){a.low | b.low, a.high | b.high};
}

static ALWAYS_INLINE vec vec_and(vec a, vec b)
{
    return (vec){a.low & b.low, a.high & b.high};
}

static ALWAYS_INLINE vec vec_andnot(vec a, vec b)
{
    return (vec){~a.low & b.low, ~a.high & b.high};
}

#if defined(__SSE2__)
static ALWAYS_INLINE bool vec_is_zero(vec value)
{
    __m128i any = (__m128i)(value.low | value.high);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(any, _mm_setzero_si128())) == 0xffff;
}
#else
static ALWAYS_INLINE bool vec_is_zero(vec value)
{
    half any = value.low | value.high;
    return (any[0] | any[1]) == 0;
}
#endif

static ALWAYS_INLINE bool vec_is_zero_under(vec value, const void *mask)
{
    return vec_is_zero(vec_and(value, vec_load(mask)));
}

#endif

/*
 * Vectors of 64 bytes, for slots of more than 128: where the file is compiled for AVX-512. For smaller ones
 * they were found slower, as nearly all of them cross a line of the cache. `WIDE_THERE` is a constant;
 * elsewhere nothing of this is called.
 */
#define WIDE_BYTES ((size_t)64)

#if defined(__AVX512F__)

#define WIDE_THERE true

typedef __m512i wide;

static ALWAYS_INLINE wide wide_repeat(vec value)
{
    return _mm512_broadcast_i64x4(value);
}

static ALWAYS_INLINE void wide_store(void *to, wide value)
{
    _mm512_storeu_si512(to, value);
}

/* What is different there, besides what was already. */
static ALWAYS_INLINE wide wide_or_difference(wide difference, const void *at, wide value)
{
    return _mm512_ternarylogic_epi64(difference, _mm512_loadu_si512(at), value, 0xf6); /* a | (b ^ c) */
}

static ALWAYS_INLINE wide wide_or(wide a, wide b)
{
    return _mm512_or_si512(a, b);
}

static ALWAYS_INLINE bool wide_is_zero(wide value)
{
    return _mm512_test_epi64_mask(value, value) == 0;
}

#else

#define WIDE_THERE false

typedef vec wide;

static ALWAYS_INLINE wide wide_repeat(vec value)
{
    return value;
}

static ALWAYS_INLINE void wide_store(void *to, wide value)
{
    vec_store(to, value);
}

static ALWAYS_INLINE wide wide_or_difference(wide difference, const void *at, wide value)
{
    return vec_or(difference, vec_xor(vec_load(at), value));
}

static ALWAYS_INLINE wide wide_or(wide a, wide b)
{
    return vec_or(a, b);
}

static ALWAYS_INLINE bool wide_is_zero(wide value)
{
    return vec_is_zero(value);
}

#endif

#endif
