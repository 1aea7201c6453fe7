/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Unpredictable bytes: ChaCha (D. J. Bernstein, "ChaCha, a variant of Salsa20", 2008) with 8 rounds, in the
 * "fast key erasure" form: each refill begins with a new key, and a byte that has been used is erased, so the
 * state at any time says nothing about earlier output. Keyed by getrandom(2).
 *
 * Generators live in memory that the kernel wipes in a forked child (MADV_WIPEONFORK): a wiped generator has
 * no bytes and no key, and so seeds itself anew.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include "platform.h"

#define RANDOM_KEY_BYTES   32
#define RANDOM_BLOCK_BYTES 256 /* four ChaCha blocks side by side */
#define RANDOM_POOL_BYTES  (RANDOM_BLOCK_BYTES - RANDOM_KEY_BYTES)

struct random {
    uint32_t left;   /* unused bytes at the front of pool[] */
    uint32_t seeded; /* 0 in wiped memory */
    uint64_t reserved;
    uint8_t key[RANDOM_KEY_BYTES];
    uint8_t pool[RANDOM_POOL_BYTES];
} __attribute__((aligned(16)));

/* Fill the pool. Never fails: without getrandom(2) it falls back to what the kernel gave the process at
 * start. */
void random_refill(struct random *random);

/*
 * Seed a generator from another one that is only used for this, and with a different number each time.
 * Sandboxes may forbid to ask the kernel later on. Where the other one has been wiped, the next use asks the
 * kernel.
 */
void random_seed(struct random *root);
void random_derive(struct random *random, const struct random *root, uint64_t number);

/* Forget everything; the next use seeds anew. */
void random_wipe(struct random *random);

/* The next byte of a pool that is not empty. */
static ALWAYS_INLINE unsigned random_next(struct random *random)
{
    uint32_t left = random->left - 1;
    random->left = left;
    return random->pool[left];
}

static ALWAYS_INLINE unsigned random_byte(struct random *random)
{
    if (unlikely(random->left == 0))
        random_refill(random);
    return random_next(random);
}

/* So many bytes, to be used before the next call. count <= RANDOM_POOL_BYTES. */
static ALWAYS_INLINE const uint8_t *random_bytes(struct random *random, unsigned count)
{
    if (unlikely(random->left < count))
        random_refill(random);
    random->left -= count;
    return random->pool + random->left;
}

uint64_t random_word(struct random *random);

/* Uniform to within 2^-32 in [0, bound). bound > 0. */
uint32_t random_below(struct random *random, uint32_t bound);

#endif
