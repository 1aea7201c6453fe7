/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The frame of a detection case: a program with one misuse and its correct twin, run as
 *
 *     program good|bad SIZE...
 *
 * A case defines bad() and good(), and says in comments what detect.bats expects of bad:
 *
 *     expect: KIND | KIND ...     the report's kind, or `fault` for a fault at the misuse itself
 *     expect from SIZE: ...       the same, for this size and larger ones
 *     sizes: WORD ...             the sizes to run with: numbers, or words of tests/lib/cases.bash
 *     needs: FEATURE ...          the features without which this cannot be found
 *     profile: strict             the profile in which it is found; without this line, the default one
 *     options: KEY=VALUE,...      what else bad runs with, for cases that make many reports
 *
 * good must run undisturbed in every profile.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include "hang.h"
#include "opaque.h"
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void bad(size_t size);
static void good(size_t size);

/* Change the byte at this offset, whatever it was: a fixed value might by chance be the one that is there. */
static inline void damage(void *block, ptrdiff_t offset)
{
    volatile unsigned char *byte = (unsigned char *)opaque(block) + offset;
    *byte = (unsigned char)(*byte ^ 0x41);
}

static inline void *must(void *block)
{
    if (block == NULL) {
        fputs("out of memory\n", stderr);
        _exit(3);
    }
    return block;
}

/*
 * Allocate and free blocks of a size until whatever has been freed before was handed out again, so that its
 * verification has happened. Bounded, so that a library which verifies nothing ends the case too.
 */
static inline void churn(size_t size)
{
    size_t rounds = size < 10000 ? 200000 : 20000;
    void *held[32] = {NULL};
    for (size_t round = 0; round < rounds; round++) {
        size_t i = round % 32;
        free(held[i]);
        held[i] = malloc(size);
    }
    for (size_t i = 0; i < 32; i++)
        free(held[i]);
}

/* Run work(argument) on another thread, to its end. */
static inline void on_another_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, argument) != 0)
        _exit(3);
    pthread_join(thread, NULL);
}

static inline void *free_on_thread(void *block)
{
    free(block);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s good|bad SIZE...\n", argv[0]);
        return 2;
    }
    /* A misuse that hangs the program must not hang the tests. */
    end_if_it_hangs();
    for (int i = 2; i < argc; i++) {
        size_t size = strtoull(argv[i], NULL, 10);
        if (strcmp(argv[1], "bad") == 0)
            bad(size);
        else
            good(size);
    }
    return 0;
}

#endif
