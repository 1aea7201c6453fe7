/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "random.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 8

typedef uint32_t lanes __attribute__((vector_size(16))); /* one word of four blocks at once */

static inline lanes rotate(lanes x, int bits)
{
    return (x << bits) | (x >> (32 - bits));
}

static inline void quarter_round(lanes *a, lanes *b, lanes *c, lanes *d)
{
    *a += *b, *d = rotate(*d ^ *a, 16);
    *c += *d, *b = rotate(*b ^ *c, 12);
    *a += *b, *d = rotate(*d ^ *a, 8);
    *c += *d, *b = rotate(*b ^ *c, 7);
}

static void chacha_four_blocks(const uint8_t key[RANDOM_KEY_BYTES], uint64_t nonce,
                               uint8_t out[RANDOM_BLOCK_BYTES])
{
    static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32,
                                      0x6b206574}; /* "expand 32-byte k" */
    uint32_t words[8];
    lanes start[16], x[16];

    memcpy(words, key, sizeof words);
    for (int i = 0; i < 4; i++)
        start[i] = (lanes){sigma[i], sigma[i], sigma[i], sigma[i]};
    for (int i = 0; i < 8; i++)
        start[4 + i] = (lanes){words[i], words[i], words[i], words[i]};
    uint32_t low = (uint32_t)nonce, high = (uint32_t)(nonce >> 32);
    start[12] = (lanes){0, 1, 2, 3}; /* block counter; key and nonce are used for these four blocks only */
    start[13] = (lanes){0, 0, 0, 0};
    start[14] = (lanes){low, low, low, low};
    start[15] = (lanes){high, high, high, high};

    memcpy(x, start, sizeof x);
    for (int i = 0; i < ROUNDS; i += 2) {
        quarter_round(&x[0], &x[4], &x[8], &x[12]);
        quarter_round(&x[1], &x[5], &x[9], &x[13]);
        quarter_round(&x[2], &x[6], &x[10], &x[14]);
        quarter_round(&x[3], &x[7], &x[11], &x[15]);
        quarter_round(&x[0], &x[5], &x[10], &x[15]);
        quarter_round(&x[1], &x[6], &x[11], &x[12]);
        quarter_round(&x[2], &x[7], &x[8], &x[13]);
        quarter_round(&x[3], &x[4], &x[9], &x[14]);
    }
    for (size_t i = 0; i < 16; i++) {
        lanes sum = x[i] + start[i];
        memcpy(out + 16 * i, &sum, sizeof sum);
    }
}

/* A seccomp filter forbids getrandom(2). What is left: the 16 random bytes of exec, our address, the clock.
 */
static void seed_poorly(struct random *random)
{
    const uint8_t *start = (const uint8_t *)(uintptr_t)getauxval(AT_RANDOM);
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t words[4] = {(uintptr_t)random, (uintptr_t)&now, (uint64_t)now.tv_nsec,
                         (uint64_t)syscall(SYS_gettid)};
    uint8_t bytes[sizeof words];
    memcpy(bytes, words, sizeof words);
    for (size_t i = 0; i < sizeof random->key; i++)
        random->key[i] ^= (uint8_t)(bytes[i] ^ (start ? start[i % 16] : 0));
}

/* So that the compiler does not leave it out, as nobody reads it any more. */
static void wipe(void *bytes, size_t count)
{
    memset(bytes, 0, count);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

void random_seed(struct random *random)
{
    int saved = errno;
    size_t have = 0;
    while (have < sizeof random->key) {
        long got = syscall(SYS_getrandom, random->key + have, sizeof random->key - have, 0);
        if (got > 0)
            have += (size_t)got;
        else if (errno != EINTR)
            break;
    }
    if (have < sizeof random->key)
        seed_poorly(random);
    random->seeded = 1;
    errno = saved;
}

void random_refill(struct random *random)
{
    uint8_t block[RANDOM_BLOCK_BYTES];
    if (!random->seeded)
        random_seed(random);
    chacha_four_blocks(random->key, 0, block);
    memcpy(random->key, block, RANDOM_KEY_BYTES);
    memcpy(random->pool, block + RANDOM_KEY_BYTES, RANDOM_POOL_BYTES);
    wipe(block, sizeof block);
    random->left = RANDOM_POOL_BYTES;
}

void random_derive(struct random *random, const struct random *root, uint64_t number)
{
    uint8_t block[RANDOM_BLOCK_BYTES];
    if (!root->seeded)
        return;
    chacha_four_blocks(root->key, number, block);
    memcpy(random->key, block, RANDOM_KEY_BYTES);
    wipe(block, sizeof block);
    random->seeded = 1;
}

void random_wipe(struct random *random)
{
    wipe(random, sizeof *random);
}

uint64_t random_word(struct random *random)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | random_byte(random);
    return value;
}

uint32_t random_below(struct random *random, uint32_t bound)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 8 | random_byte(random);
    return (uint32_t)(((uint64_t)value * bound) >> 32);
}
